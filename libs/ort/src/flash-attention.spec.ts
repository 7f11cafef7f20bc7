const name = 'ORT_GQA_DISABLE_FLASH_ATTENTION';

async function load(value: string | undefined): Promise<typeof import('./flash-attention.js')> {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
  return (await import(`./flash-attention.js?${Math.random()}`)) as typeof import('./flash-attention.js');
}

afterEach(() => {
  delete process.env[name];
});

it('sets the variable that the runtime reads', async () => {
  const { flashAttention, useFlashAttention } = await load(undefined);
  expect(flashAttention()).toBeUndefined();
  expect([useFlashAttention(false), process.env[name], flashAttention()]).toEqual([true, '1', false]);
  expect([useFlashAttention(true), process.env[name], flashAttention()]).toEqual([true, '0', true]);
});

it('leaves alone what the process was started with', async () => {
  const { flashAttention, useFlashAttention } = await load('1');
  expect([useFlashAttention(true), flashAttention()]).toEqual([false, false]);
});
