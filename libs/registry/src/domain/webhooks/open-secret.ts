import type { SecretOwner, WebhookSecrets } from './webhook-ports.ts';

/** @returns the secret, or why it does not open: that is for the owner of the webhook to see, and stops nobody else's. */
export function openSecret(secrets: WebhookSecrets, sealed: string, owner: SecretOwner): string | Error {
  try {
    return secrets.open(sealed, owner);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
