import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '@slipway/kernel';
import { temporaryDirectory } from '@slipway/testing';
import { loadWebhookKey } from './webhook-key.ts';

describe('the key for secrets of webhooks', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let file: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory.path, 'keys', 'webhooks.key');
  });
  afterEach(() => directory.remove());

  it('is made once, for its owner alone, by one of many', async () => {
    const made = await Promise.all(
      Array.from({ length: 8 }, () => loadWebhookKey({ file, createIfAbsent: true }, systemRandom)),
    );
    expect(new Set(made.map((key) => key.reveal())).size).toBe(1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(made[0]?.reveal()).toEqual(expect.stringMatching(/^[0-9a-f]{64}$/));
  });

  it('of an operator is never made in its place, and must be one', async () => {
    await expect(loadWebhookKey({ file, createIfAbsent: false }, systemRandom)).rejects.toThrow(file);
    const own = join(directory.path, 'own.key');
    writeFileSync(own, `${'AB'.repeat(32)}\n`);
    expect((await loadWebhookKey({ file: own, createIfAbsent: false }, systemRandom)).reveal()).toBe('ab'.repeat(32));
    writeFileSync(own, 'short');
    await expect(loadWebhookKey({ file: own, createIfAbsent: true }, systemRandom)).rejects.toThrow('64 hex digits');
  });
});
