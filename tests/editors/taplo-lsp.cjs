// The language server in the editor extension Even Better TOML (@taplo/lsp), on standard streams.
const fs = require("node:fs");
const path = require("node:path");
const { fileURLToPath } = require("node:url");
const { TaploLsp } = require("@taplo/lsp");

const environment = {
  now: () => new Date(),
  envVar: (name) => process.env[name],
  envVars: () => Object.entries(process.env),
  stdErrAtty: () => false,
  stdin: process.stdin,
  stdout: process.stderr,
  stderr: process.stderr,
  glob: () => [],
  readFile: (file) => fs.promises.readFile(file),
  writeFile: (file, bytes) => fs.promises.writeFile(file, bytes),
  urlToFilePath: (url) => (url.startsWith("file:") ? fileURLToPath(url) : url),
  isAbsolute: (file) => path.isAbsolute(file),
  cwd: () => process.cwd(),
  findConfigFile: () => undefined,
  fetch: { fetch, Headers, Request, Response },
};

function onMessage(message) {
  const content = Buffer.from(JSON.stringify(message));
  process.stdout.write(`Content-Length: ${content.length}\r\n\r\n`);
  process.stdout.write(content);
}

TaploLsp.initialize(environment, { onMessage }).then((server) => {
  let left = Buffer.alloc(0);
  process.stdin.on("data", (chunk) => {
    left = Buffer.concat([left, chunk]);
    for (let match; (match = /Content-Length: (\d+)\r\n\r\n/.exec(left.toString("latin1"))); ) {
      const begin = match.index + match[0].length;
      const end = begin + Number(match[1]);
      if (left.length < end) return;
      server.send(JSON.parse(left.subarray(begin, end).toString("utf8")));
      left = left.subarray(end);
    }
  });
  process.stdin.on("end", () => process.exit(0));
});
