import assert from 'node:assert/strict';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

const nodeModules = join(import.meta.dirname, 'node_modules');
/** Next.js builds in 15 seconds on a machine of its own. */
const hangAfterMs = 600_000;

/** A project in which the package was installed, with tools of the checkout and the program. */
export class Project {
  #context;

  constructor(context) {
    this.#context = context;
    this.folder = join(context.folder, 'project');
    this.environment = {
      FLIPT_URL: context.flipt.url,
      FLIPT_NAMESPACE: context.flipt.namespace,
      PATH: [join(nodeModules, '.bin'), dirname(process.execPath), process.env.PATH].join(
        delimiter,
      ),
    };
  }

  /** Installs the package, with these options of npm; `tools` are linked into `node_modules`. */
  static async open(context, tools = [], options = []) {
    const project = new Project(context);
    project.write('package.json', { private: true });
    await context.npm(['install', 'flipt-native', ...options], { cwd: project.folder });
    for (const tool of tools) {
      const place = join(project.folder, 'node_modules', tool);
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(join(nodeModules, tool), place, 'junction');
    }
    cpSync(join(import.meta.dirname, 'main.mjs'), join(project.folder, 'main.mjs'));
    return project;
  }

  write(path, content) {
    this.#context.write(join('project', path), content);
  }

  /** Runs a program in the project; resolves to what it prints, throws when it fails. */
  must(command, ...args) {
    const options = { cwd: this.folder, env: this.environment, hangAfterMs };
    return this.#context.must(command, args, options);
  }

  /** The built program works where it was built. */
  async works(...command) {
    assert.equal(await this.must(...command), 'true true\n');
  }

  /** The built program fails where it was built, and says what to do. */
  async fails([command, ...args], message) {
    const options = { cwd: this.folder, env: this.environment };
    assertFailure(await this.#context.execute(command, args, options), message);
  }

  /** What was built cannot work without `node_modules`, and says what to do. */
  async failsAway(paths, command, message) {
    assertFailure(await this.#away(paths, command), message);
  }

  /** What was built works in another folder. */
  async worksAway(paths, command) {
    const { code, stdout, stderr } = await this.#away(paths, command);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'true true\n', stderr: '' });
  }

  /** Moves what was built to a folder without `node_modules`, and runs it there. */
  async #away(paths, command) {
    const folder = join(this.#context.folder, 'away');
    for (const path of paths) {
      // Links stay links, as those who deploy a list of files keep them.
      cpSync(join(this.folder, path), join(folder, path), {
        recursive: true,
        verbatimSymlinks: true,
      });
    }
    const [program, ...args] = command;
    return this.#context.execute(program, args, { cwd: folder, env: this.environment });
  }
}

function assertFailure({ code, stdout, stderr }, message) {
  assert.equal(code, 1, stdout);
  assert.match(stderr, message);
}
