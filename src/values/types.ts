/** The type of value that a default asks for: `false` asks for a boolean, `'off'` for any text. */
export type Widened<T> = T extends boolean
  ? boolean
  : T extends string
    ? string
    : T extends number
      ? number
      : T extends null | undefined
        ? boolean | string | number | object | T
        : T;
