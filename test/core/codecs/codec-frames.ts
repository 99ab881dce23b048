import type { Codec, CodecConfig, CodecKind, CodecOutput, Frame } from '../../../src/core/codecs/codec.ts';

/* A codec between a server and its tabs. The tests look only at the frames that cross it. */

export const NOW = 1_000;

const isTo = (output: CodecOutput, tab: string) => output.type === 'toTab' && output.tab === tab;

/** The outputs of one event: frames for the server, messages for a tab, and the close of a tab's socket. */
export class Outcome {
  readonly outputs: readonly CodecOutput[];
  constructor(outputs: readonly CodecOutput[]) {
    this.outputs = outputs;
  }
  get sent(): Frame[] {
    return this.outputs.flatMap((output) => (output.type === 'send' ? [output.data] : []));
  }
  receivedBy(tab: string): Frame[] {
    return this.#framesOf(tab).flatMap((frame) => (frame.type === 'socket-message' ? [frame.data] : []));
  }
  closed(tab: string): (readonly [code: number, reason: string, wasClean: boolean])[] {
    return this.#framesOf(tab).flatMap((frame) =>
      frame.type === 'socket-closed' ? [[frame.code, frame.reason, frame.wasClean] as const] : [],
    );
  }
  opened(tab: string): string[] {
    return this.#framesOf(tab).flatMap((frame) => (frame.type === 'socket-opened' ? [frame.protocol] : []));
  }
  memo(tab: string): string | undefined {
    return this.#framesOf(tab)
      .flatMap((frame) => (frame.type === 'socket-memo' ? [frame.memo] : []))
      .at(-1);
  }
  has(type: CodecOutput['type']): boolean {
    return this.outputs.some((output) => output.type === type);
  }
  #framesOf(tab: string) {
    return this.outputs.flatMap((output) => (output.type === 'toTab' && isTo(output, tab) ? [output.frame] : []));
  }
}

/** A codec with named tabs. Each tab has one socket. The bench keeps the last memo of each tab, as pages do. */
export class Bench {
  readonly codec: Codec;
  readonly memos = new Map<string, string>();
  now = NOW;
  constructor(kind: CodecKind) {
    this.codec = kind.create({ host: 'h', epoch: 1 });
  }
  dispatch(event: Parameters<Codec['dispatch']>[0]): Outcome {
    const outcome = new Outcome(this.codec.dispatch(event, this.now));
    for (const output of outcome.outputs) {
      if (output.type === 'toTab' && output.tab !== undefined && output.frame.type === 'socket-memo')
        this.memos.set(output.tab, output.frame.memo);
    }
    return outcome;
  }
  open(tab: string, again: string | null = null): Outcome {
    return this.dispatch({ type: 'socket-open', tab, socket: 's', protocols: [], again });
  }
  send(tab: string, ...frames: readonly Frame[]): Outcome {
    return new Outcome(
      frames.flatMap((data) => this.dispatch({ type: 'socket-send', tab, socket: 's', data }).outputs),
    );
  }
  close(tab: string): Outcome {
    return this.dispatch({ type: 'socket-close', tab, socket: 's', code: 1000, reason: '' });
  }
  up(): Outcome {
    return this.dispatch({ type: 'opened' });
  }
  down(code = 1006): Outcome {
    return this.dispatch({ type: 'closed', code });
  }
  /** The server sends these frames. */
  receive(...frames: readonly Frame[]): Outcome {
    return new Outcome(frames.flatMap((data) => this.dispatch({ type: 'frame', data }).outputs));
  }
}

/** With a configuration of its own. */
export const benchOf = (kind: CodecKind, config?: CodecConfig): Bench =>
  new Bench({ ...kind, create: (identity) => kind.create(identity, config) });

/** The tabs `a` and `b` on an open connection. */
export const twoTabs = (kind: CodecKind, config?: CodecConfig): Bench => {
  const bench = benchOf(kind, config);
  bench.open('a');
  bench.open('b');
  bench.up();
  return bench;
};
