import { output } from './process.mjs';

/** What cargo knows of the workspace and of the crates that it takes for a target; `env` is where cargo is found. */
export async function crateMetadata(triple, env) {
  const args = ['metadata', '--format-version=1', '--locked', '--filter-platform', triple];
  return JSON.parse(await output('cargo', args, { env }));
}
