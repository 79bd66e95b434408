/** Stands in for the child, and reports what it was given. */
const runCause = JSON.stringify({ variables: Object.keys(process.env), arguments: process.argv.slice(1) });
const answer = {
  kind: 'loaded',
  signature: { inputs: [], outputs: [] },
  loadMs: 1,
  firstRun: 'ok',
  runMs: 1,
  runCause,
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
