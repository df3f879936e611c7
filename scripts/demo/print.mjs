import { styleText } from 'node:util';

const width = 80;
const isPlain = process.stdout.isTTY !== true || Boolean(process.env.NO_COLOR);

/** Text in a style of `util.styleText`, or plain where colour is unwanted. */
export const styled = (style, text) => (isPlain ? text : styleText(style, text));

export const say = (text = '') => console.log(text);

/** A line that opens a part of the demo. */
export function heading(text) {
  say();
  say(styled('bold', text));
}

/** Text cut or filled to exactly `size` columns; control characters become spaces. */
export function cell(text, size) {
  const plain = [...String(text).replaceAll(/\p{Cc}+/gu, ' ')];
  if (plain.length <= size) return plain.join('') + ' '.repeat(size - plain.length);
  return `${plain.slice(0, size - 1).join('')}…`;
}

/** One row of a table: `[text, size, style?]` each; never wider than 80 columns. */
export function row(...cells) {
  let left = width - 2;
  const parts = cells.map(([text, size, style]) => {
    const fitted = cell(text, Math.max(1, Math.min(size, left)));
    left -= size + 1;
    return style ? styled(style, fitted) : fitted;
  });
  say(`  ${parts.join(' ')}`.trimEnd());
}

/** Text over as many lines as it needs, each indented. */
export function wrapped(text, indent, style) {
  const margin = ' '.repeat(indent);
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line && indent + line.length + 1 + word.length > width) {
      say(margin + styled(style, line));
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  say(margin + styled(style, line));
}

/** 1234567 -> `1,234,567` */
export const grouped = (number) => Math.round(number).toLocaleString('en-US');

/** `MATCH_EVALUATION_REASON` -> `MATCH` */
export const short = (reason) => reason.replace('_EVALUATION_REASON', '').replaceAll('_', ' ');
