/** A machine that is not this one. */
export const elsewhere =
  process.platform === 'darwin'
    ? { os: 'win32', cpu: 'x64', suffix: 'win32-x64-msvc' }
    : { os: 'darwin', cpu: 'arm64', suffix: 'darwin-arm64' };
