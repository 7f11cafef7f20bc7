import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';

const guarded = new WeakSet<NodeJS.WritableStream>();

/**
 * A stream in front of a log's target that never fails: lines are dropped while the target can't take them, because
 * its reader went away or its disk is full. From then on the target's errors end no process, whoever writes to it.
 */
export function lossyStream(target: NodeJS.WritableStream): Writable {
  if (!guarded.has(target)) target.on('error', () => undefined);
  guarded.add(target);
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      try {
        const descriptor = descriptorOfBroken(target);
        if (descriptor === undefined) target.write(chunk);
        else writeSync(descriptor, chunk.toString());
      } catch {
        // The line is dropped; the next one is tried again.
      }
      done();
    },
  });
}

/** A stream over a file is given up by Node after one error, though the disk may have room again. */
function descriptorOfBroken(target: NodeJS.WritableStream): number | undefined {
  const { destroyed, fd } = target as { readonly destroyed?: boolean; readonly fd?: unknown };
  return destroyed && (fd === 1 || fd === 2) ? fd : undefined;
}
