import { createHash } from 'node:crypto';

/** A script that the engine runs as one step (https://redis.io/docs/latest/develop/programmability/eval-intro/). */
export type Script = { source: string; sha: string };

const script = (source: string): Script => ({ source, sha: createHash('sha1').update(source).digest('hex') });

/**
 * The engine's own identity changes when its process starts, and when a replica becomes the master. Some managed services do
 * not offer it: their histories then keep one epoch.
 */
const RUN = `
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'unknown'
`;

/**
 * Compares and sets. KEYS: those that were read, then one for each write. ARGV: how many were read; for each of them \`-\` if
 * it was absent, or \`+\` and its value; for each write its lifetime in ms, \`0\` for none or \`-1\` to remove it, and its value.
 */
export const COMPARE_AND_SET = script(`
local count = tonumber(ARGV[1])
for i = 1, count do
  local value = redis.call('GET', KEYS[i])
  if (value and ('+' .. value) or '-') ~= ARGV[1 + i] then return 0 end
end
local at = 2 + count
for i = count + 1, #KEYS do
  local ttl = ARGV[at]
  if ttl == '-1' then redis.call('DEL', KEYS[i])
  elseif ttl == '0' then redis.call('SET', KEYS[i], ARGV[at + 1])
  else redis.call('SET', KEYS[i], ARGV[at + 1], 'PX', ttl) end
  at = at + 2
end
return 1`);

/** KEYS: the set. ARGV: member, value, lifetime in ms or \`0\`. The set lives as long as its longest member. */
export const COLLECT = script(`
local isNew = redis.call('EXISTS', KEYS[1]) == 0
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local ttl = tonumber(ARGV[3])
if ttl == 0 then redis.call('PERSIST', KEYS[1])
elseif isNew then redis.call('PEXPIRE', KEYS[1], ttl)
else
  local left = redis.call('PTTL', KEYS[1])
  if left >= 0 and left < ttl then redis.call('PEXPIRE', KEYS[1], ttl) end
end
return 1`);

/**
 * KEYS: heads of the owner, log of the topic. ARGV: topic, epoch to begin, lifetime of the heads in ms.
 * Returns the head as JSON, and the first id of the log. A topic without events has the epoch of its owner.
 */
export const HEAD = script(`${RUN}
local head = redis.call('HGET', KEYS[1], ARGV[1])
if head then
  local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
  return { head, first[1] and first[1][1] or '' }
end
local empty = redis.call('HGET', KEYS[1], '')
if not empty then
  empty = cjson.encode({ e = ARGV[2], o = 0, r = run })
  redis.call('HSET', KEYS[1], '', empty)
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return { empty, '' }`);

/**
 * KEYS: heads of the owner, log of the topic, receipt of the message. ARGV 1 to 4: topic, epoch to begin, lifetime of the
 * heads, data. ARGV 5 to 8: whether the message has an id, lifetime of its receipt, events to keep, lifetime of the log.
 * ARGV 9 and 10: topics of one owner, channel. Returns epoch and offset; nothing if the owner has too many topics.
 */
export const APPEND = script(`${RUN}
local head = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[5] == '1' then
  local receipt = redis.call('GET', KEYS[3])
  if receipt then return { head and cjson.decode(head).e or '', receipt } end
end
if head then head = cjson.decode(head)
else
  if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[9]) then return {} end
  local empty = redis.call('HGET', KEYS[1], '')
  if not empty then
    empty = cjson.encode({ e = ARGV[2], o = 0, r = run })
    redis.call('HSET', KEYS[1], '', empty)
  end
  head = cjson.decode(empty)
end
if head.r ~= run then
  head.f = head.f or {}
  table.insert(head.f, { head.e, head.o })
  while #head.f > 8 do table.remove(head.f, 1) end
  head.e = ARGV[2]
  head.r = run
end
head.o = head.o + 1
local offset = string.format('%d', head.o)
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[7], offset .. '-0', 'd', ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[8])
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(head))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if ARGV[5] == '1' then redis.call('SET', KEYS[3], offset, 'PX', ARGV[6]) end
redis.call('PUBLISH', ARGV[10], cjson.encode({ ARGV[1], head.e }) .. '\\n' .. offset .. '\\n' .. ARGV[4])
return { head.e, offset }`);

/**
 * A token bucket as the time when it is full again (GCRA). KEYS: bucket. ARGV: burst, refill in ms, tokens to take (\`-1\`:
 * gives one back). Returns the wait in ms; 0: taken.
 */
export const TAKE = script(`
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local burst, refill, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local wait = full - now - (burst - 1) * refill
if tokens > 0 and wait > 0 then return math.ceil(wait) end
full = full + tokens * refill
if full <= now then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now)) end
return 0`);

/**
 * One slot after the other. KEYS: time of the next free slot, slot of the client. ARGV: ms of one slot, burst in ms, how much
 * too early a client may come, how long a slot is kept. Returns the wait in ms; 0: now.
 */
export const ADMIT = script(`
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local unit, burst, early, keep = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local slot = redis.call('GET', KEYS[2])
if slot then
  slot = tonumber(slot)
  if slot - now > early then return math.ceil(slot - now) end
  redis.call('DEL', KEYS[2])
  return 0
end
local at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
redis.call('SET', KEYS[1], string.format('%.3f', at + unit), 'PX', math.ceil(at + unit - now))
if at - now <= burst then return 0 end
redis.call('SET', KEYS[2], string.format('%.3f', at), 'PX', math.ceil(at - now + keep))
return math.ceil(at - now)`);

/**
 * Renews the lease of an instance. KEYS: the leases. ARGV: instance, lifetime of a lease in ms; \`0\` ends it.
 * Returns the instances that live.
 */
export const RENEW_LEASE = script(`
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local ttl = tonumber(ARGV[2])
if ttl == 0 then redis.call('ZREM', KEYS[1], ARGV[1])
else redis.call('ZADD', KEYS[1], now + ttl, ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZRANGE', KEYS[1], 0, -1)`);
