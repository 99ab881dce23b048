import { isObject, own, parseJson, type JsonObject } from '../../protocol/schema/json.ts';
import type { Frame } from '../codecs/codec.ts';

/**
 * A message of Phoenix channels. Serializer 2 writes lists, and binary frames for binary payloads
 * (https://hexdocs.pm/phoenix/writing_a_channels_client.html). Serializer 1, the default of Supabase's clients, writes
 * objects. Its servers leave `join_ref` out.
 */
export type PhoenixMessage = {
  shape: 'list' | 'object' | 'binary';
  joinRef: string | null;
  ref: string | null;
  topic: string;
  event: string;
  /** What a text frame carries. */
  payload?: unknown;
  /** What a binary frame carries: its kind, the fields up to the topic, the lengths of the later ones, and these. */
  binary?: { kind: number; fields: readonly Field[]; lengths: Uint8Array; rest: Uint8Array };
};

type Field = 'joinRef' | 'ref' | 'topic';

export const REPLY = 'phx_reply';

/** Kinds of binary frames: the fields before the event, and how many lengths follow theirs. 3 and 4 are Supabase's. */
type Layout = { fields: readonly Field[]; more: number; event: string };
const FROM_TAB: ReadonlyMap<number, Layout> = new Map([
  [0, { fields: ['joinRef', 'ref', 'topic'], more: 1, event: '' }],
  [3, { fields: ['joinRef', 'ref', 'topic'], more: 3, event: '' }],
]);
const FROM_SERVER: ReadonlyMap<number, Layout> = new Map([
  [0, { fields: ['joinRef', 'topic'], more: 1, event: '' }],
  [1, { fields: ['joinRef', 'ref', 'topic'], more: 1, event: REPLY }],
  [2, { fields: ['topic'], more: 1, event: '' }],
  [4, { fields: ['topic'], more: 3, event: '' }],
]);

/** UTF-8, without an interface of the platform. `undefined`: the bytes are no text. */
const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return decodeURIComponent([...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch {
    return undefined;
  }
};
const encode = (value: string): Uint8Array =>
  Uint8Array.from(encodeURIComponent(value).match(/%..|[^]/g) ?? [], (part) =>
    part.length > 1 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0),
  );

const text = (value: unknown): string | null | undefined =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : undefined;

const parseText = (data: string): PhoenixMessage | undefined => {
  const body = parseJson(data);
  const isList = Array.isArray(body);
  if (!isList && !isObject(body)) return undefined;
  const [joinRef, ref, topic, event, payload]: readonly unknown[] = isList
    ? (body as unknown[])
    : ['join_ref', 'ref', 'topic', 'event', 'payload'].map((name) => own(body, name));
  const refs = [text(joinRef), text(ref)] as const;
  if (refs[0] === undefined || refs[1] === undefined || typeof topic !== 'string' || typeof event !== 'string')
    return undefined;
  return { shape: isList ? 'list' : 'object', joinRef: refs[0], ref: refs[1], topic, event, payload };
};

const parseBinary = (data: ArrayBuffer, layouts: ReadonlyMap<number, Layout>): PhoenixMessage | undefined => {
  const bytes = new Uint8Array(data);
  const [kind = -1] = bytes;
  const layout = layouts.get(kind);
  if (!layout) return undefined;
  const { fields, more, event } = layout;
  let at = 1 + fields.length + more;
  const values: { [field: string]: string } = {};
  for (const [index, field] of fields.entries()) {
    const end = at + (bytes[1 + index] ?? 0);
    const value = end > bytes.length ? undefined : decode(bytes.subarray(at, end));
    if (value === undefined) return undefined;
    values[field] = value;
    at = end;
  }
  return {
    shape: 'binary',
    joinRef: values['joinRef'] ?? null,
    ref: values['ref'] ?? null,
    topic: values['topic'] ?? '',
    event,
    binary: {
      kind,
      fields,
      lengths: bytes.subarray(1 + fields.length, 1 + fields.length + more),
      rest: bytes.subarray(at),
    },
  };
};

const parse = (data: Frame, layouts: ReadonlyMap<number, Layout>): PhoenixMessage | undefined =>
  typeof data === 'string' ? parseText(data) : parseBinary(data, layouts);

export const parseFromTab = (data: Frame): PhoenixMessage | undefined => parse(data, FROM_TAB);
export const parseFromServer = (data: Frame): PhoenixMessage | undefined => parse(data, FROM_SERVER);

const binaryFrame = (message: PhoenixMessage, binary: NonNullable<PhoenixMessage['binary']>): Frame => {
  const { kind, fields, lengths, rest } = binary;
  const values = fields.map((field) => encode(message[field] ?? ''));
  const parts = [[kind, ...values.map(({ length }) => length)], lengths, ...values, rest];
  const frame = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame.buffer;
};

export const frameOf = (message: PhoenixMessage): Frame => {
  const { shape, joinRef, ref, topic, event, payload, binary } = message;
  if (binary) return binaryFrame(message, binary);
  if (shape === 'list') return JSON.stringify([joinRef, ref, topic, event, payload]);
  return JSON.stringify({ topic, event, payload, ref, ...(joinRef !== null && { join_ref: joinRef }) });
};

/** The answer of a server to a push, as a message. */
export const replyTo = (
  message: PhoenixMessage,
  status: 'ok' | 'error',
  response: JsonObject = {},
): PhoenixMessage => ({
  shape: message.shape === 'object' ? 'object' : 'list',
  joinRef: message.joinRef,
  ref: message.ref,
  topic: message.topic,
  event: REPLY,
  payload: { status, response },
});

/** The `status` and the response of a reply. A binary one is always delivered as it is. */
export const replyOf = ({ payload }: PhoenixMessage): { isOk: boolean; response: string } => ({
  isOk: !isObject(payload) || own(payload, 'status') === 'ok',
  response: JSON.stringify(isObject(payload) ? own(payload, 'response') : null) ?? '',
});
