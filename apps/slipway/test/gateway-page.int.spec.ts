import { describeWith, findCommand, startSlipway, type SlipwayProcess } from '@slipway/testing';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

const HOLDERS = { alice: { roles: ['editor'] } } as const;

describeWith(['chromium'], 'the page in a browser', () => {
  let slipway: SlipwayProcess<'alice'>;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    slipway = await startSlipway<'alice'>({ app: 'slipway', tokens: HOLDERS });
    const executablePath = findCommand('chromium');
    if (executablePath === undefined) throw new Error('chromium has gone');
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] }); // containers let no user namespaces
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (line) => {
      const isExpected = line.text().includes('401'); // a browser prints every refusal
      if (line.type() === 'error' && !isExpected) complaints.push(line.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(slipway.gatewayUrl)) foreign.push(request.url());
    });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await slipway?.stop();
  });

  const create = (name: string): Promise<Response> =>
    fetch(`${slipway.gatewayUrl}/slipway.registry.v1.RegistryService/CreateRegisteredModel`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slipway.tokens.alice}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name, request_id: name }),
    });

  it('asks for a token, shows what runs, and events as they come', async () => {
    await page.goto(slipway.gatewayUrl);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByLabel('Token').fill('slipway_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('That token is not valid here').waitFor();
    await page.getByLabel('Token').fill(slipway.tokens.alice);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('.tile', { hasText: 'registry' }).getByText('healthy').waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    expect((await create('flights')).status).toBe(200);
    await page.getByText('Model flights was changed').waitFor();
    expect((await create('<img src=x onerror=alert(1)>')).status).toBe(400);
    await page.locator('#models td strong', { hasText: 'flights' }).waitFor();
    await page.getByText('Model flights was changed').click();
    expect(await page.locator('#events pre').textContent()).toContain('"type": "slipway.registry.model.changed.v1"');
  });

  it('keeps the token in this tab alone, and forgets it', async () => {
    const kept = await page.evaluate(
      'JSON.stringify([Object.keys(sessionStorage), localStorage.length, document.cookie])',
    );
    expect(kept).toBe('[["slipway-token"],0,""]');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });

  it('asked nobody else for anything, and the browser had nothing to complain of', () => {
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
