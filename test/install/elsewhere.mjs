/** A machine that is not this one. */
export const elsewhere =
  process.platform === 'darwin'
    ? { os: 'win32', cpu: 'x64', suffix: 'win32-x64-msvc' }
    : { os: 'darwin', cpu: 'arm64', suffix: 'darwin-arm64' };

/** `supportedArchitectures` of pnpm and yarn: those of the other machine alone. */
export const onlyElsewhere = { os: [elsewhere.os], cpu: [elsewhere.cpu] };

/** `supportedArchitectures` of pnpm and yarn: those of both machines. */
export const hereAndElsewhere = {
  os: [elsewhere.os, process.platform],
  cpu: [elsewhere.cpu, process.arch],
  libc: ['glibc', 'musl'],
};

/** The suffixes of the platform packages that `hereAndElsewhere` chooses. */
export const chosenFrom = ({ platforms }) =>
  platforms
    .filter(
      ({ manifest }) =>
        hereAndElsewhere.os.includes(manifest.os[0]) &&
        hereAndElsewhere.cpu.includes(manifest.cpu[0]),
    )
    .map(({ suffix }) => suffix)
    .sort();
