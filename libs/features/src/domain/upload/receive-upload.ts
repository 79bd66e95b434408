import type { FeatureDependencies } from '../dependencies.ts';
import { uploadsBusy } from '../errors.ts';
import type { LocalFile } from '../files.ts';
import { UploadReader, type UploadPart } from './upload-reader.ts';

/**
 * Lets one upload in and hands its header and its file to `use`; the file is gone afterwards.
 * @param use may answer from the header alone, without asking for the file.
 * @throws {UnavailableError} reason UPLOADS_BUSY, and the reasons of `UploadReader` and of `FeatureFiles.receive`.
 */
export async function receiveUpload<Header, Answer>(
  parts: AsyncIterable<UploadPart<Header>>,
  deps: Pick<FeatureDependencies, 'clock' | 'limits' | 'uploads' | 'files'>,
  signal: AbortSignal,
  use: (header: Header, receive: () => Promise<LocalFile>) => Promise<Answer>,
): Promise<Answer> {
  const { clock, limits, uploads, files } = deps;
  const reader = new UploadReader(parts, clock, limits.uploadIdleMs);
  if (!uploads.tryEnter()) {
    await reader.close();
    throw uploadsBusy(uploads.places);
  }
  let received: LocalFile | undefined;
  try {
    return await use(await reader.header(), async () => {
      received = await files.receive(reader.content(), limits.uploadBytesMax, signal);
      return received;
    });
  } finally {
    uploads.leave();
    await reader.close();
    if (received) await files.discard(received.path);
  }
}
