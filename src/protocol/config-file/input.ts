import type { KEEPER_CONFIG } from '../config.ts';
import type { Fields, Infer, Optional, Schema } from '../schema/schema.ts';

type HasDefault = { readonly value: unknown };
type MayBeAbsent = Optional | HasDefault;
/** The keys stay those of `F`, so that an editor shows each field's comment. */
type FieldsInput<F extends Fields> = {
  [K in keyof F as F[K] extends MayBeAbsent ? never : K]: InputOf<F[K]>;
} & { [K in keyof F as F[K] extends MayBeAbsent ? K : never]?: InputOf<F[K]> | undefined };

/** What a person writes for a schema: fields with a default may be absent. */
type InputOf<S> = S extends { readonly fields: infer F extends Fields }
  ? FieldsInput<F>
  : S extends { readonly options: infer T extends readonly Schema[] }
    ? InputOf<T[number]>
    : S extends MayBeAbsent & { readonly of: infer O }
      ? InputOf<O>
      : S extends { readonly of: infer O }
        ? Infer<S> extends readonly unknown[]
          ? readonly InputOf<O>[]
          : Infer<S>
        : Infer<S>;

/** The configuration as a site writes it. docs/reference/configuration.md explains each field. */
export type KeeperConfigInput = InputOf<typeof KEEPER_CONFIG>;
