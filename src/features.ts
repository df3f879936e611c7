import { loadNative } from './addon.js';
import { describe } from './encode.js';
import { type FeatureProblem, invalidArgument, unwrap } from './errors.js';

/** What feature files hold, and what is wrong with them. */
export interface FeatureReport {
  /** How many feature files were read. */
  readonly files: number;
  /** The namespaces in the order in which the files name them, each with its number of flags. */
  readonly namespaces: readonly FeatureNamespace[];
  /** How many flags there are in all namespaces together. */
  readonly flags: number;
  /** Everything that keeps the files from being used, in the order of files and lines; empty when they can be. */
  readonly problems: readonly FeatureProblem[];
  /** What is used, or left out, but probably not meant. */
  readonly warnings: readonly FeatureProblem[];
}

/** One namespace of feature files. */
export interface FeatureNamespace {
  /** Its key. */
  readonly key: string;
  /** How many flags it has. */
  readonly flags: number;
}

/**
 * Checks the feature files at a path by the rules of a Flipt v2 server: a file by itself, or all `features.yaml`,
 * `features.yml` and `features.json` at any depth below a folder, but not directly in it. Reads the disk before it
 * returns; no server is asked.
 *
 * A path that cannot be read is a problem of the report.
 *
 * @throws ValidationError `FLIPT_ARGUMENT_INVALID` when the path is no text.
 */
export function validateFeatures(path: string): FeatureReport {
  const { files, namespaces, problems, warnings } = unwrap(
    loadNative().validateFeatures(textOf('path', path)),
  );
  const flags = namespaces.reduce((sum, namespace) => sum + namespace.flags, 0);
  return { files, namespaces, flags, problems, warnings };
}

/**
 * The snapshot of one namespace of a features document, as the JSON text that a server sends.
 *
 * @throws ValidationError `FLIPT_SOURCE_INVALID` with everything that is wrong with the document.
 */
export function convertFeatures(text: string, namespace = 'default'): string {
  return unwrap(loadNative().convertFeatures(textOf('text', text), textOf('namespace', namespace)));
}

function textOf(field: string, value: unknown): string {
  if (typeof value !== 'string') {
    const received = describe(value);
    throw invalidArgument('FLIPT_ARGUMENT_INVALID', { field, received, allowed: 'a text' });
  }
  return value;
}
