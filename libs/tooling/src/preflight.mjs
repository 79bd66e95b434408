// Plain JavaScript on purpose: it has to run on a Node that cannot read the rest.
const wanted = 24;
const major = Number(process.versions.node.split('.')[0]);
if (major < wanted) {
  process.stderr.write(
    `Slipway runs on Node ${wanted} (this is ${process.versions.node}).\n` +
      `On Linux x64 and arm64 'npm ci' installs it for npm scripts: run 'npm ci' again, and start things by 'npm run'.\n` +
      `Elsewhere install Node ${wanted} LTS yourself.\n`,
  );
  process.exit(1);
}
