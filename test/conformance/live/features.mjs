/** The text of a features file: JSON, written so that a YAML reader takes it for the same value. */
export function featuresText(document) {
  return `${write(document)}\n`;
}

function write(value) {
  if (typeof value === 'string') return quoted(value);
  // Whole numbers beyond 64 bits are refused as integers.
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) >= 2 ** 63)
    return value.toExponential();
  if (
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'boolean' ||
    value === null
  )
    return String(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',\n')}]`;
  return `{${Object.keys(value)
    .map((key) => `${quoted(key)}: ${write(value[key])}`)
    .join(',\n')}}`;
}

/** Only printable ASCII goes as it is: YAML folds line separators, refuses controls, and knows no surrogate pairs. */
function quoted(text) {
  const escaped = text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/gu, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    const hex = character.codePointAt(0).toString(16);
    return hex.length > 4 ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}
