import { z } from 'zod';
import { defineSettings, listOf, type Setting } from './setting.ts';

const files = listOf(z.string().min(1), 100);

type TrustedKeySettings<Name extends string> = { readonly [Key in `${Name}.trusted-key-files`]: Setting<typeof files> };

/**
 * Whose signatures a service believes: paths of PEM files.
 * @param name first word of the setting, e.g. `serving`. @param use what becomes of what they signed, e.g. `packages are loaded`.
 * @param without what happens without any key; left out, the setting is required.
 */
export function trustedKeySettings<const Name extends string>(
  name: Name,
  use: string,
  without?: string,
): TrustedKeySettings<Name> {
  const doc = `PEM files of the public keys whose ${use}, with commas between them`;
  const setting =
    without === undefined
      ? { schema: files, doc: `${doc}, e.g. the one beside the key of the registry.` }
      : { schema: files, default: [], doc: `${doc}; with none, ${without}.` };
  return defineSettings({ [`${name}.trusted-key-files`]: setting }) as unknown as TrustedKeySettings<Name>;
}
