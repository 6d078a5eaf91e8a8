import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { InferometerError, messageOf } from '@inferometer/core';
import type { ModelFiles } from './files.ts';
import { invalid, readJsonObject } from './files.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly name?: string;
}

/** How a model wants a conversation written. */
export interface ChatTemplate {
  /** Whether the directory has one; without, it is the plain form. */
  readonly isOwn: boolean;
  /** Strings that end an answer, beside the model's end tokens. */
  readonly stop: readonly string[];
  /**
   * The text after which the model's answer comes; special tokens are written out in it.
   * @throws {InferometerError} INVALID_INPUT with what the template says of messages that it does not take,
   * INVALID_MODEL if the template cannot be read
   */
  render(messages: readonly ChatMessage[]): string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The template of a model's directory: `chat_template.jinja`, else `chat_template` of `tokenizer_config.json` (where
 * there are several, the one named `default`), else `chat_template.json`. Without any, the plain form:
 *
 *     system: Be brief.
 *     user: Hello
 *     assistant:
 */
export function loadChatTemplate(model: ModelFiles): ChatTemplate {
  const dir = model.tokenizer === undefined ? model.dir : dirname(model.tokenizer);
  const file = (name: string): string => join(dir, name);
  const config: Json = readJsonObject(file('tokenizer_config.json')) ?? {};
  const special: Json = readJsonObject(file('special_tokens_map.json')) ?? {};
  const source =
    readText(file('chat_template.jinja')) ??
    templateOf(config.chat_template) ??
    templateOf(readJsonObject(file('chat_template.json'))?.chat_template);
  if (source === undefined) return plain;
  const tokens = Object.fromEntries(
    ['bos_token', 'eos_token', 'unk_token', 'pad_token'].map((name) => [
      name,
      tokenText(config[name]) ?? tokenText(special[name]) ?? '',
    ]),
  );
  let template: Template | undefined;
  return {
    isOwn: true,
    stop: [],
    render(messages) {
      try {
        template ??= new Template(source);
      } catch (error) {
        // Completions need none: only chats fail.
        throw invalid(`the chat template of ${model.dir} cannot be read: ${messageOf(error)}`, error);
      }
      try {
        return template.render({
          ...tokens,
          messages,
          add_generation_prompt: true,
          tools: null,
          documents: null,
        });
      } catch (error) {
        // Mostly its own `raise_exception`: roles that it does not know, or in an order that it does not take.
        const message = `the model's chat template refuses them: ${messageOf(error)}`;
        throw new InferometerError('INVALID_INPUT', message, { cause: error, field: 'messages' });
      }
    },
  };
}

const plain: ChatTemplate = {
  isOwn: false,
  // The next line that somebody else would say.
  stop: ['\nuser:', '\nsystem:', '\ntool:'],
  render: (messages) => `${messages.map(({ role, content }) => `${role}: ${content}\n`).join('')}assistant:`,
};

function templateOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value as readonly { readonly name?: unknown; readonly template?: unknown }[];
  const chosen = named.find(({ name }) => name === 'default') ?? named[0];
  return typeof chosen?.template === 'string' ? chosen.template : undefined;
}

/** A special token, as a string or as an object with its text. */
function tokenText(value: unknown): string | undefined {
  const text = typeof value === 'object' && value !== null ? (value as Json).content : value;
  return typeof text === 'string' ? text : undefined;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw invalid(`${file} cannot be read: ${messageOf(error)}`, error);
  }
}
