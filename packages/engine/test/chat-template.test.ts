import { writeFileSync } from 'node:fs';
import { loadChatTemplate } from '@inferometer/engine';
import { tempDir } from '@inferometer/testkit';
import { expect, test } from 'vitest';

const messages = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hello' },
];

/** The template of a directory with these files. */
async function templateOf(files: Readonly<Record<string, unknown>>) {
  await using dir = await tempDir('template');
  for (const [name, content] of Object.entries(files))
    writeFileSync(dir.file(name), typeof content === 'string' ? content : JSON.stringify(content));
  return loadChatTemplate({
    dir: dir.path,
    graph: dir.file('model.onnx'),
    tokenizer: dir.file('tokenizer.json'),
  });
}

/** As Qwen and others have it. */
const chatml =
  "{%- for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}" +
  "{%- endfor %}{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}";

test('a template in tokenizer_config.json', async () => {
  const template = await templateOf({ 'tokenizer_config.json': { chat_template: chatml } });
  expect(template.isOwn).toBe(true);
  expect(template.render(messages)).toBe(
    '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n',
  );
});

test('special tokens as strings, as objects, and of special_tokens_map.json', async () => {
  const template = await templateOf({
    'tokenizer_config.json': {
      chat_template: '{{ bos_token }}{{ messages[1].content }}{{ eos_token }}{{ unk_token }}|{{ pad_token }}',
      bos_token: '<s>',
      eos_token: { content: '</s>', lstrip: false },
    },
    'special_tokens_map.json': { unk_token: '<unk>', bos_token: 'not this' },
  });
  expect(template.render(messages)).toBe('<s>Hello</s><unk>|');
});

test('of several templates the default one, and a file before all', async () => {
  const several = [
    { name: 'tool_use', template: 'tools' },
    { name: 'default', template: 'default {{ tools is none }}' },
  ];
  const config = { chat_template: several };
  expect((await templateOf({ 'tokenizer_config.json': config })).render(messages)).toMatch(/^default true$/i);
  const both = await templateOf({ 'tokenizer_config.json': config, 'chat_template.jinja': 'file' });
  expect(both.render(messages)).toBe('file');
  expect((await templateOf({ 'chat_template.json': { chat_template: 'json' } })).render(messages)).toBe(
    'json',
  );
});

test('without any, a line for each message', async () => {
  const template = await templateOf({});
  expect(template.isOwn).toBe(false);
  expect(template.render(messages)).toBe('system: Be brief.\nuser: Hello\nassistant:');
  expect(template.stop).toContain('\nuser:');
});

test('what a template refuses is the caller’s mistake, what cannot be read is the model’s', async () => {
  const strict = await templateOf({ 'chat_template.jinja': "{{ raise_exception('no system, please') }}" });
  expect(() => strict.render(messages)).toThrow(
    expect.objectContaining({
      code: 'INVALID_INPUT',
      field: 'messages',
      message: expect.stringContaining('no system, please'),
    }),
  );
  const broken = await templateOf({ 'chat_template.jinja': '{% for x in %}' });
  expect(() => broken.render(messages)).toThrow(expect.objectContaining({ code: 'INVALID_MODEL' }));
});

test('the date of the day', async () => {
  const template = await templateOf({ 'chat_template.jinja': "{{ strftime_now('%Y') }}" });
  expect(template.render(messages)).toBe(String(new Date().getFullYear()));
});
