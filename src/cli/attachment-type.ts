const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The TypeScript type of JSON values that stand in the same place; the same text whatever their order. */
export function attachmentType(values: readonly unknown[]): string {
  const types = new Set<string>();
  const objects: Record<string, unknown>[] = [];
  const arrays: unknown[][] = [];
  for (const value of values) {
    if (value === null) {
      types.add('null');
    } else if (Array.isArray(value)) {
      arrays.push(value);
    } else if (typeof value === 'object') {
      objects.push(value as Record<string, unknown>);
    } else {
      types.add(typeof value);
    }
  }
  if (arrays.length > 0) {
    types.add(arrayType(arrays.flat()));
  }
  if (objects.length > 0) {
    types.add(objectType(objects));
  }
  return [...types].sort().join(' | ');
}

/** A key as it stands in a type. */
export function propertyName(key: string): string {
  return IDENTIFIER.test(key) ? key : textLiteral(key);
}

/** A text as it stands in a type. */
export function textLiteral(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`;
}

function arrayType(elements: readonly unknown[]): string {
  if (elements.length === 0) {
    return 'unknown[]';
  }
  const type = attachmentType(elements);
  return type.includes(' | ') ? `(${type})[]` : `${type}[]`;
}

/** One type for all: what some of them lack is optional. */
function objectType(objects: readonly Record<string, unknown>[]): string {
  const keys = [...new Set(objects.flatMap((one) => Object.keys(one)))].sort();
  const fields = keys.map((key) => {
    const having = objects.filter((one) => Object.hasOwn(one, key));
    const mark = having.length < objects.length ? '?' : '';
    return `${propertyName(key)}${mark}: ${attachmentType(having.map((one) => one[key]))}`;
  });
  return fields.length === 0 ? 'Record<string, never>' : `{ ${fields.join('; ')} }`;
}
