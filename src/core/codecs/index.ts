import type { CodecName } from '../../protocol/config.ts';
import type { CodecKind } from '../codec.ts';
import { jsonPing } from './json-ping.ts';
import { keeper1 } from './keeper1.ts';

/** Every protocol that an endpoint may be configured with. */
export const CODECS: { readonly [name in CodecName]: CodecKind } = { 'keeper.1': keeper1, 'json-ping': jsonPing };
