import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** An image of `images/`. */
export const readImage = (name) =>
  gunzipSync(readFileSync(new URL(`images/${name}.gz`, import.meta.url)));
