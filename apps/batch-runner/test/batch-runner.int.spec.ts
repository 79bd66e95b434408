import { describeWith, SERVICE_NAMES, startServices, startSlipway, type Services } from '@slipway/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

const TOKENS = { alice: { principal: 'alice', roles: ['editor'] } } as const;
const PIPELINES = 'slipway.batch.v1.PipelineService';
const BATCH = 'slipway.batch.v1.BatchService';
/** Its first step asks the feature store, its second the batch runner itself. */
const PIPELINE = `apiVersion: slipway.pipeline/v1
kind: Pipeline
name: ask-both
steps:
  - { name: rows, kind: validate, attempts: 1, with: { source: nobodys, rowsMin: 1 } }
  - name: jobs
    kind: score
    attempts: 1
    with: { consumer: c, source: nobodys, model: nobodys@champion, passthrough: [id] }
`;

describeWith(['nats', 'postgresql', 's3', 'redis'], 'nine services, a process each', () => {
  let services: Services<'alice'>;
  let gateway: Awaited<ReturnType<typeof startSlipway<'alice'>>>;

  beforeAll(async () => {
    services = await startServices({ tokens: TOKENS });
    const addresses = SERVICE_NAMES.map((name) => [`${name}.address`, services.addressOf(name)]);
    const bus = { 'event-bus.driver': 'nats', 'event-bus.nats.servers': services.nats.url };
    const tokens = { alice: { ...TOKENS.alice, token: services.tokens.alice } };
    gateway = await startSlipway({ app: 'gateway', tokens, settings: { ...bus, ...Object.fromEntries(addresses) } });
  }, 120_000);
  afterAll(async () => {
    await gateway?.stop();
    await services?.stop();
  });

  const ask = async (path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${services.tokens.alice}`, 'content-type': 'application/json' };
    const request = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
    const answer = await fetch(`${gateway.gatewayUrl}/${path}`, request);
    const said = await answer.json();
    expect([answer.status, said]).toMatchObject([200, {}]);
    return said;
  };
  type Run = { id: string; state: string; steps: { name: string; state: string; message: string }[] };
  const runOf = async (id: string): Promise<Run> =>
    ((await ask(`${PIPELINES}/GetPipelineRun`, { id })) as { run: Run }).run;

  it('are all known to the gateway, and work', async () => {
    const { services: said } = (await ask('api/status')) as { services: { name: string; healthy: boolean }[] };
    const healthy = said.filter(({ healthy: works }) => works).map(({ name }) => name);
    expect(healthy.toSorted()).toEqual(SERVICE_NAMES.toSorted());
  });

  it('let the steps of pipelines ask the feature store and the jobs of their own process', async () => {
    await ask(`${PIPELINES}/ApplyPipeline`, { content: PIPELINE });
    const { run } = (await ask(`${PIPELINES}/StartPipelineRun`, { pipeline: 'ask-both' })) as { run: Run };
    await expect.poll(async () => (await runOf(run.id)).state, { timeout: 30_000 }).toBe('PIPELINE_RUN_STATE_FAILED');
    // what they name is not there, and each says so in the words of the service that it asked
    const failed = 'PIPELINE_STEP_STATE_FAILED';
    const { steps } = await runOf(run.id);
    expect(steps).toMatchObject([
      { name: 'rows', state: failed, message: expect.stringMatching(/nobodys/) as string },
      { name: 'jobs', state: failed, message: expect.stringMatching(/nobodys/) as string },
    ]);
  });

  it('keep runs and jobs over kill -9 of the batch runner', async () => {
    await services.crash('batch');
    const { runs } = (await ask(`${PIPELINES}/ListPipelineRuns`, {})) as { runs: Run[] };
    expect(runs.map(({ state }) => state)).toEqual(['PIPELINE_RUN_STATE_FAILED']);
    expect(await ask(`${BATCH}/ListScoringJobs`, {})).toMatchObject({ jobs: [] });
  });
});
