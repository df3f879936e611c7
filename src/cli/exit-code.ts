/** What the process ends with. */
export const ExitCode = {
  /** It is done. */
  Done: 0,
  /** The answer is no: no such flag, or one without an answer; snapshots or types that differ; errors in feature files; no addon. */
  No: 1,
  /** The command line cannot be used. */
  Usage: 2,
  /** There is no flag state: the server did not answer as it should, or a file cannot be read or written. */
  Unavailable: 3,
} as const;

/** One of the numbers of {@link ExitCode}. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
