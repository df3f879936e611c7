import { attachmentType, propertyName, textLiteral } from './attachment-type.js';
import type { PortableFlag, PortableSnapshot, PortableVariant } from './portable.js';

const WIDTH = 100;
const NUMERIC = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** What a flag's value can be read as, each with its type. */
interface Kinds {
  readonly boolean?: string;
  readonly string?: string;
  readonly number?: string;
  readonly object?: string;
}

/** TypeScript that declares the flags of a snapshot; the same text for the same flags, wherever they come from. */
export function declarations({ namespace, flags }: PortableSnapshot, openFeature: boolean): string {
  const sorted = [...flags.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
  const known = sorted.map((flag) => [flag.key, kindsOf(flag)] as const);
  const head = [
    '// Written by `npx flipt-native types`. Do not edit it; run that again when flags change.',
    `// The flags of the namespace ${JSON.stringify(namespace)}.`,
    '',
    'export {};',
    '',
  ];
  const lines = [
    ...head,
    ...registry(known),
    ...(openFeature ? ['', ...openFeatureKeys(known)] : []),
  ];
  return `${lines.join('\n')}\n`;
}

type Known = readonly (readonly [flagKey: string, kinds: Kinds])[];

function registry(known: Known): string[] {
  const flags = known.flatMap(([flagKey, kinds]) => {
    const fields = Object.entries(kinds).map(([kind, type]) => `${kind}: ${type}`);
    const name = `    ${propertyName(flagKey)}:`;
    const short = `${name} { ${fields.join('; ')} };`;
    return short.length <= WIDTH
      ? [short]
      : [`${name} {`, ...fields.map((field) => `      ${field};`), '    };'];
  });
  return ['declare global {', '  interface FliptNativeFlags {', ...flags, '  }', '}'];
}

function openFeatureKeys(known: Known): string[] {
  const keys = (['boolean', 'string', 'number', 'object'] as const).flatMap((kind) => {
    const having = known.filter(([, kinds]) => kinds[kind] !== undefined);
    const name = `${kind[0]?.toUpperCase()}${kind.slice(1)}FlagKey`;
    const literals = having.map(([flagKey]) => textLiteral(flagKey));
    const short = `  export type ${name} = ${literals.join(' | ') || 'never'};`;
    return short.length <= WIDTH
      ? [short]
      : [
          `  export type ${name} =`,
          ...literals.map(
            (text, index) => `    | ${text}${index === literals.length - 1 ? ';' : ''}`,
          ),
        ];
  });
  return ["declare module '@openfeature/core' {", ...keys, '}'];
}

/** A variant flag has what some of its variants has. */
function kindsOf(flag: PortableFlag): Kinds {
  if (flag.type === 'BOOLEAN_FLAG_TYPE') {
    return { boolean: 'boolean' };
  }
  const variants = variantsOf(flag);
  const attached = variants.map(attachmentOf).filter((value) => value !== undefined);
  const objects = attached.filter((value) => typeof value === 'object' && value !== null);
  const names = [...new Set(variants.map(({ key }) => key))].sort().map(textLiteral);
  const isNumber = (variant: PortableVariant): boolean => {
    const value = attachmentOf(variant);
    return value === undefined ? NUMERIC.test(variant.key) : typeof value === 'number';
  };
  return {
    string: names.join(' | ') || 'string',
    ...(variants.some(isNumber) ? { number: 'number' } : {}),
    ...(objects.length > 0 ? { object: attachmentType(objects) } : {}),
  };
}

/** What a flag can choose, the default variant included. */
function variantsOf({ defaultVariant, rules }: PortableFlag): PortableVariant[] {
  const chosen = rules.flatMap(({ shares }) => shares);
  return defaultVariant === undefined ? chosen : [defaultVariant, ...chosen];
}

function attachmentOf({ attachment }: PortableVariant): unknown {
  try {
    return attachment === undefined ? undefined : JSON.parse(attachment);
  } catch {
    return undefined;
  }
}
