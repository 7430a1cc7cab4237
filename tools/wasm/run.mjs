// Runs a script on the 32-bit MicroPython of npm: node run.mjs FOLDER-OF-THE-PACKAGE ROOT SCRIPT [ARGUMENT...]
// The library (lib/notedfu) and the tests' helpers (tests_host/*.py) of ROOT are there under /lib and /tests_host,
// the script's arguments in `arguments`. Its collector never runs inside a script, so the differences of
// gc.mem_alloc() count every allocation. Exit status 1 if the script raises.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [packageFolder, root, script, ...rest] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(path.join(packageFolder, "micropython.mjs")).href);
const python = await loadMicroPython({
  heapsize: 8 * 1024 * 1024,
  stdout: (line) => console.log(line),
});

function copy(from, to) {
  python.FS.mkdir(to);
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith("__")) {
      if (from !== path.join(root, "tests_host")) copy(source, `${to}/${entry.name}`);
    } else if (entry.name.endsWith(".py")) {
      python.FS.writeFile(`${to}/${entry.name}`, fs.readFileSync(source));
    }
  }
}

if (!python.FS.analyzePath("/lib").exists) python.FS.mkdir("/lib");
copy(path.join(root, "lib", "notedfu"), "/lib/notedfu");
copy(path.join(root, "tests_host"), "/tests_host");
try {
  python.runPython(`import sys\nsys.path[:0] = ["/lib", "/tests_host"]\narguments = ${JSON.stringify(rest)}`);
  python.runPython(fs.readFileSync(script, "utf8"));
} catch (error) {
  console.log(String(error.message ?? error));
  process.exitCode = 1;
}
