import { describeWith, findCommand, startSlipway, type SlipwayProcess } from '@slipway/testing';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Story, STORY_SETTINGS } from './story/story.ts';

const HOLDERS = { alice: { roles: ['editor'] }, bob: { roles: ['approver'] } } as const;
const DAYS = 20;
const EVENTS = 300;
const PIPELINE = `
apiVersion: slipway.pipeline/v1
kind: Pipeline
name: retrain
steps:
  - { name: check, kind: validate, with: { source: flights, until: '2001-04-01', rowsMin: 1 } }
`;

/** What somebody sees who looks while models take over from each other: nothing here is made up for the page, all of it came by RPC. */
describeWith(['chromium'], 'the page of a server with a story', () => {
  let slipway: SlipwayProcess<'alice' | 'bob'>;
  let story: Story;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    slipway = await startSlipway<'alice' | 'bob'>({ app: 'slipway', tokens: HOLDERS, settings: STORY_SETTINGS });
    const { grpcAddress, inferenceAddress } = slipway;
    const grpc = { registry: grpcAddress, routing: grpcAddress, monitoring: grpcAddress };
    story = new Story({ ...grpc, serving: inferenceAddress, streams: inferenceAddress }, slipway.tokens);
    await story.begin();
    for (let day = 1; day <= DAYS; day += 1) {
      if (day === 4) await story.beginExperiment();
      await story.playDay(day > 13 ? 1.5 : 0); // then flights are late far more often than when the models were made
    }
    await story.runStream('departures', EVENTS);
    const executablePath = findCommand('chromium');
    if (executablePath === undefined) throw new Error('chromium has gone');
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] }); // containers let no user namespaces
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (line) => {
      const isExpected = line.text().includes('401'); // a browser prints every refusal
      if (line.type() === 'error' && !isExpected) complaints.push(line.text());
    });
    await page.goto(slipway.gatewayUrl);
    await page.getByLabel('Token').fill(slipway.tokens.alice);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }, 90_000);
  afterAll(async () => {
    await browser?.close();
    await story?.close();
    await slipway?.stop();
  });

  const texts = (selector: string): Promise<string[]> => page.locator(selector).allTextContents();
  const closedDays = async (): Promise<number> => {
    const path = (await page.locator('#objectives .line.served').getAttribute('d')) ?? '';
    return path.split(/[ML]/).length - 1;
  };

  it('draws the loss of each version and as served, day by day, with a mark for each decision and alert', async () => {
    await page.locator('#objectives svg.chart').waitFor();
    expect(await texts('#objectives .key')).toEqual(['version 1', 'version 2', 'as served']);
    expect(await page.locator('#objectives svg .line').count()).toBe(3);
    expect(await closedDays()).toBe(DAYS);
    const marks = await texts('#objectives .marks li');
    expect(marks[0]).toBe('2001-04-04 with-delays begins');
    expect(marks[1]).toMatch(/^2001-04-1\d with-delays: decided\. log_loss of 'treatment' minus 'control' is -0\.\d+/);
    expect(marks.slice(2).join('\n')).toMatch(/(?:drift|performance) of version 2: (?:calibration gap|log loss)/);
    expect(await page.locator('#objectives svg .mark').count()).toBe(marks.length);
    expect(await texts('#objectives svg .mark text')).toEqual(marks.map((_, index) => String(index + 1)));
  });

  it('keeps marks and ticks inside of the drawing and off each other, on a wide page and on a narrow one', async () => {
    for (const width of [1280, 400]) {
      await page.setViewportSize({ width, height: 900 });
      await expect
        .poll(() => page.locator('#objectives svg.chart').getAttribute('viewBox'))
        .toMatch(width > 820 ? /^0 0 1\d\d\d / : /^0 0 3\d\d /);
      const found = JSON.parse(String(await page.evaluate(BOXES))) as {
        outside: string[];
        covered: string[];
        beyond: number;
      };
      expect([width, found]).toEqual([width, { outside: [], covered: [], beyond: 0 }]);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('shows jobs, streams and pipelines', async () => {
    const stream = page.locator('#streams tbody tr', { hasText: 'departures' });
    await stream.getByText('active').waitFor();
    expect(await stream.locator('td.number').allTextContents()).toEqual([String(EVENTS), '0', '0']);
    expect(await texts('#jobs')).toEqual(['No scoring job yet.']);
    for (const [method, body] of [
      ['ApplyPipeline', { content: PIPELINE }],
      ['StartPipelineRun', { pipeline: 'retrain' }],
    ] as const) {
      const answer = await fetch(`${slipway.gatewayUrl}/slipway.batch.v1.PipelineService/${method}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${slipway.tokens.alice}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect([method, answer.status]).toEqual([method, 200]);
    }
    const run = page.locator('#pipeline-runs tbody tr', { hasText: 'retrain' });
    await run.getByText('failed').waitFor(); // there is no such source
    expect(await run.locator('td').nth(2).textContent()).toBe('check');
  });

  it('draws the next day when it is closed, without a reload', async () => {
    await page.evaluate('window.notReloaded = true');
    const day = story.today;
    await story.playDay(1.5);
    await page.locator('#events', { hasText: `late-departure, ${day}: log loss` }).waitFor();
    await expect.poll(closedDays, { timeout: 10_000 }).toBe(DAYS + 1);
    expect(await page.evaluate('window.notReloaded')).toBe(true);
  });

  it(
    'counts what comes by the thousand in one line, and shows it to who asks for it',
    { timeout: 30_000 },
    async () => {
      const before = await page.locator('#events li').count();
      await story.publish('departures', 3_000);
      await page
        .locator('#event-count', { hasText: /^[3-9]\u202f\d\d\d predictions, results and exposures/ })
        .waitFor();
      expect(await page.locator('#events li').count()).toBe(before);
      await page.getByLabel('Filter').fill('stream.>');
      await page.getByLabel('Filter').press('Enter');
      await page.locator('#events', { hasText: 'was scored with version 2' }).waitFor();
      expect(await page.locator('#event-count').isVisible()).toBe(false);
      expect(await page.locator('#events li').count()).toBeLessThanOrEqual(200);
    },
  );

  it('left the browser nothing to complain of', () => {
    expect(complaints).toEqual([]);
  });
});

/** Runs in the browser: what of the drawing is outside of it, which marks and ticks cover each other, and by how much the page is too wide. */
const BOXES = `(() => {
  const chart = document.querySelector('#objectives svg.chart');
  const whole = chart.getBoundingClientRect();
  const shapes = [...chart.querySelectorAll('.mark circle, .tick')].map((each) => ({ name: each.textContent || 'mark', box: each.getBoundingClientRect() }));
  const outside = shapes.filter(({ box }) => box.left < whole.left - 1 || box.right > whole.right + 1 || box.top < whole.top - 1 || box.bottom > whole.bottom + 1);
  const cover = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const covered = shapes.flatMap((a, at) => shapes.slice(at + 1).filter((b) => cover(a.box, b.box)).map((b) => a.name + '/' + b.name));
  const page = document.documentElement;
  return JSON.stringify({ outside: outside.map(({ name }) => name), covered, beyond: page.scrollWidth - page.clientWidth });
})()`;
