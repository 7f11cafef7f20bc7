// Multiplies extreme values in the forms that builds have, so that a whole processor can be emulated around it:
// `qemu-x86_64 -cpu Haswell node multiply-extremes.mjs`. The last line of stdout is one JSON object.
import { loadRuntime } from '@mcli/ort';
import { exactIntegers } from '@mcli/model-builder';
import { multiplyExtremes } from '@mcli/model-builder/testing';

const runtime = await loadRuntime();
const integers = await exactIntegers();
const forms = {};
for (const form of ['block32', 'row', 'row-pair']) forms[form] = await multiplyExtremes(runtime, form, integers);
const int8Rows = await multiplyExtremes(runtime, 'row', 'int8');
await runtime.dispose();
console.log(JSON.stringify({ integers, forms, int8Rows }));
