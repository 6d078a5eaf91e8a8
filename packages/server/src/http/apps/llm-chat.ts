import { randomInt } from 'node:crypto';
import type { ChatMessage, Generated, GenerativeModel } from '@inferometer/engine';
import { traceOf } from '@inferometer/express';
import type { Request, RequestHandler } from 'express';
import { callOptions } from '../call-options.ts';
import { encodeChat } from '../chat-prompt.ts';
import type { RouteContext } from '../embedding-route.ts';
import { type GenerationJob, roomFor, runChoices, withEvents } from '../generation-answer.ts';
import { samplingOf } from '../generation-schema.ts';
import { RequestProblem } from '../problem.ts';
import { validate } from '../validate.ts';
import { fitHistory } from './chat-history.ts';
import { type LlmChatBody, llmChatRequest } from './llm-chat-schema.ts';
import { createSessionStore, type Session, type SessionStore } from './sessions.ts';

/** A conversation that the server keeps. */
export interface Conversation {
  messages: readonly ChatMessage[];
  isAnswering: boolean;
}

/** Tokens of an answer where none are asked for, if the context has room for them. */
const defaultTokens = 64;

/**
 * `POST /apps/llm_chat`: `{"message", "session_hash"?}` gives the answer as it is made, as events: `session` with its id,
 * `text` with a piece each, `done` with the whole answer. The server keeps the conversation: the next message names its
 * session. Where it grows over the model's context, its oldest turns are left out.
 */
export function llmChat(
  context: RouteContext,
  sessions: SessionStore<Conversation> = createSessionStore<Conversation>(),
): RequestHandler {
  return async (request, response) => {
    const trace = traceOf(request);
    const body = validate(llmChatRequest, request.body) as unknown as LlmChatBody;
    const model = context.registry.generative(body.model ?? undefined);
    if (trace) {
      trace.model = model.name;
      trace.operation = 'chat';
    }
    callOptions(request);
    samplingOf(body, model, 1);
    const session = sessionOf(sessions, body, request);
    if (session.state.isAnswering) {
      const message = 'the session is answering another message, wait for its end';
      throw new RequestProblem(409, 'session_busy', message, 'session_hash');
    }
    session.state.isAnswering = true;
    try {
      trace?.enter('preprocess');
      const asked = { role: 'user', content: body.message };
      const { messages, prompt } = await fitHistory(
        [...session.state.messages, asked],
        (some) => encodeChat(model, some, context.turns, 'message'),
        (tokens) => tokens + (body.max_tokens ?? defaultTokens) <= model.directory.maxTokens,
      );
      const job: GenerationJob = { ...jobOf(model, prompt, body), request, response };
      const text = await answer(context, session.id, messages.length, job);
      // What failed was not said.
      if (text !== undefined) session.state.messages = [...messages, { role: 'assistant', content: text }];
    } catch (error) {
      // Nobody was told its id.
      if (session.state.messages.length === 0) sessions.end(session.id);
      throw error;
    } finally {
      session.state.isAnswering = false;
    }
  };
}

function sessionOf(
  sessions: SessionStore<Conversation>,
  body: LlmChatBody,
  request: Request,
): Session<Conversation> {
  const id = body.session_hash ?? request.get('x-session-hash');
  const session =
    id === undefined
      ? sessions.open({ messages: [], isAnswering: false })
      : sessions.find(id, 'session_hash');
  const trace = traceOf(request);
  if (trace) trace.sessionHash = session.id;
  return session;
}

function jobOf(
  model: GenerativeModel,
  prompt: Int32Array,
  body: LlmChatBody,
): Omit<GenerationJob, 'request' | 'response'> {
  const fields = { prompt: 'message', limit: 'max_tokens' };
  const { maxTokens } = model.directory;
  const room = roomFor(maxTokens, prompt.length, body.max_tokens ?? undefined, defaultTokens, fields);
  return {
    model,
    choices: [{ index: 0, prompt, seed: (body.seed ?? randomInt(2 ** 31)) >>> 0 }],
    sampling: samplingOf(body, model, room),
    stop: model.chat.stop,
    // The same message means another thing in every conversation.
    cache: undefined,
  };
}

/**
 * Sends the answer as it is made.
 * @param messages of the conversation, with the one that is answered
 * @returns its text; undefined where it failed, which has been told in the stream
 */
async function answer(
  context: RouteContext,
  sessionHash: string,
  messages: number,
  job: GenerationJob,
): Promise<string | undefined> {
  const trace = traceOf(job.request);
  let answered: string | undefined;
  await withEvents(job.request, job.response, context.streams, async (events) => {
    let isOpen = false;
    const open = (): void => {
      if (!isOpen) events.send({ session_hash: sessionHash }, 'session');
      isOpen = true;
    };
    const [result] = await runChoices(job, {
      reader: events,
      onText(_, text) {
        open();
        trace?.wroteOutput();
        events.send({ text }, 'text');
      },
      onEnd: open,
    });
    const { text, tokens, reason } = result as Generated;
    const usage = { prompt_tokens: job.choices[0]?.prompt.length, completion_tokens: tokens };
    const whole = { model: job.model.name, text, finish_reason: reason, messages, usage };
    events.send({ session_hash: sessionHash, ...whole }, 'done');
    events.end();
    answered = text;
  });
  return answered;
}
