import { isObject, parseJson, stringAt } from '../../protocol/schema/json.ts';
import { frameVerdict, type Frame } from './codec.ts';
import { relay, type Heartbeat } from './broadcast-relay.ts';

const kindOf = (data: Frame): 'ping' | 'pong' | undefined => {
  // Most frames are data. A long one is not parsed.
  if (typeof data !== 'string' || data.length > 64) return undefined;
  const body = parseJson(data);
  const type = isObject(body) ? stringAt(body, 'type') : undefined;
  return type === 'ping' || type === 'pong' ? type : undefined;
};

const HEARTBEAT: Heartbeat = { ping: '{"type":"ping"}', pong: '{"type":"pong"}', kindOf };

/** A plain event stream with `{"type":"ping"}` → `{"type":"pong"}`. */
export const jsonPing = relay({
  name: 'json-ping',
  heartbeat: HEARTBEAT,
  // Servers without codes of their own reject credentials with 1008, policy violation (RFC 6455 §7.4.1).
  closed: (code, reason) => (code === 1008 ? { type: 'authorize' } : frameVerdict(code, reason)),
});
