import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** An image of `images/`, to be changed at will. */
export const readImage = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`images/${name}.gz`, import.meta.url)));
