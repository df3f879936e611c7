const { resolve } = require('node:path');

// node compile.cjs <compiler's package> <settings as JSON>: prints what the compiler finds, per setting.
const [, , compiler, settings] = process.argv;
const ts = require(compiler);
const parsed = new Map();

for (const { name, file, module, moduleResolution } of JSON.parse(settings)) {
  const options = {
    module: ts.ModuleKind[module],
    moduleResolution: ts.ModuleResolutionKind[moduleResolution],
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    types: ['node'],
    strict: true,
    esModuleInterop: true,
    noEmit: true,
    ...(moduleResolution === 'Node10' &&
      ts.versionMajorMinor >= '6' && { ignoreDeprecations: '6.0' }),
  };
  const host = hostOf(options);
  const found = diagnosticsOf(ts.createProgram([resolve(file)], options, host));
  if (found.length > 0) console.log(`${name}:\n${ts.formatDiagnostics(found, host)}`);
}

/** What is wrong with the settings, the consumer and the package's own types; those of others take long to check. */
function diagnosticsOf(program) {
  const ours = program
    .getSourceFiles()
    .filter(({ fileName }) => /\/consumer\.[cm]?ts$|\/flipt-native\/dist\//.test(fileName));
  return [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
}

/** A compiler host that parses a declaration file once for all settings that take it for the same kind of module. */
function hostOf(options) {
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, language, ...rest) => {
    if (!/\.d\.[cm]?ts$/.test(path)) return getSourceFile(path, language, ...rest);
    const key = `${language.impliedNodeFormat} ${path}`;
    if (!parsed.has(key)) parsed.set(key, getSourceFile(path, language, ...rest));
    return parsed.get(key);
  };
  return host;
}
