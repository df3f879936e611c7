declare global {
  /**
   * The flags that a project knows, by key, each with the kinds of value that it has and their types. Empty by itself:
   * `npx flipt-native types` writes a file that fills it, and the compiler then finds flags that are misspelt or gone.
   */
  interface FliptNativeFlags {}
}

type Known = keyof FliptNativeFlags;
type KeyWith<Kind extends string> = {
  [Key in Known]: FliptNativeFlags[Key] extends { readonly [Has in Kind]: unknown } ? Key : never;
}[Known];

/** Key of a flag: any text, where a project has not declared its flags. */
export type FlagKey = [Known] extends [never] ? string : Known;
/** Key of a flag that has a boolean value: any text, where a project has not declared its flags. */
export type BooleanFlagKey = [Known] extends [never] ? string : KeyWith<'boolean'>;
/** Key of a flag with variants: any text, where a project has not declared its flags. */
export type StringFlagKey = [Known] extends [never] ? string : KeyWith<'string'>;
/** Key of a flag that some variant gives a number: any text, where a project has not declared its flags. */
export type NumberFlagKey = [Known] extends [never] ? string : KeyWith<'number'>;
/** Key of a flag that some variant attaches a structure to: any text, where a project has not declared its flags. */
export type ObjectFlagKey = [Known] extends [never] ? string : KeyWith<'object'>;

type Declared<Key, Kind extends string, Otherwise> = Key extends Known
  ? FliptNativeFlags[Key] extends { readonly [Has in Kind]: infer Type }
    ? Type
    : never
  : Otherwise;

/** The keys of a declared flag's variants; `string` for a flag that is not declared. */
export type FlagVariant<Key extends FlagKey> = Declared<Key, 'string', string>;
/** What is attached to a declared flag's variants; `object` for a flag that is not declared. */
export type FlagAttachment<Key extends FlagKey> = Declared<Key, 'object', object>;
