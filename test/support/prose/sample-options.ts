/** Options of the compiler for samples of documents. They are checked only, and as readers write them. */
export const SAMPLE_OPTIONS = {
  noEmit: true,
  composite: false,
  declaration: false,
  emitDeclarationOnly: false,
  // A sample may name what the reader goes on to use.
  noUnusedLocals: false,
  noUnusedParameters: false,
  experimentalDecorators: true,
  useDefineForClassFields: false,
} as const;
