import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Random } from '@slipway/kernel';
import type { SecretOwner, WebhookSecrets } from '../domain/webhooks/webhook-ports.ts';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORM = 'v1.';

/** @param key 32 bytes. @param random of cryptographic strength. */
export function webhookSecrets(key: Uint8Array, random: Random): WebhookSecrets {
  const boundTo = ({ workspace, webhookId }: SecretOwner): Buffer =>
    Buffer.from(JSON.stringify([workspace, webhookId]));
  return {
    seal: (secret, owner) => {
      if (secret === '') return '';
      const nonce = random.bytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(owner));
      const content = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return FORM + Buffer.concat([nonce, cipher.getAuthTag(), content]).toString('base64url');
    },
    open: (sealed, owner) => {
      if (sealed === '') return '';
      if (!sealed.startsWith(FORM)) throw new Error('a secret of a webhook is stored in an unknown form');
      const bytes = Buffer.from(sealed.slice(FORM.length), 'base64url');
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      try {
        const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
          .setAAD(boundTo(owner))
          .setAuthTag(tag);
        const content = bytes.subarray(NONCE_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(content), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new Error('a secret of a webhook does not open; is the key file the one it was sealed with?', { cause });
      }
    },
  };
}
