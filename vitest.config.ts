import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These have runners of their own.
    exclude: [
      '**/node_modules/**',
      'test/bench/**',
      'test/conformance/**',
      'test/docs/**',
      'test/drop-in/**',
      'test/package/**',
      'test/recipes/**',
      'test/types/**',
    ],
    // The addon lives in the process: a process a file, as users run it.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
