import { connect } from 'node:net';
import { createResponseParser, type HttpAnswer } from './response-parser.ts';

/** One keep-alive connection, one request at a time. */
export interface Connection {
  readonly isOpen: boolean;
  /**
   * @param request the whole of it, head and body
   * @param onAnswer told of the answer; undefined if the connection broke
   */
  send(request: Buffer, onAnswer: (answer: HttpAnswer | undefined) => void): void;
  close(): void;
}

/** Connects when it is first written to. */
export function openConnection(host: string, port: number): Connection {
  const socket = connect({ host, port, noDelay: true });
  let waiting: ((answer: HttpAnswer | undefined) => void) | undefined;
  let isOpen = true;
  const settle = (answer: HttpAnswer | undefined): void => {
    const tell = waiting;
    waiting = undefined;
    tell?.(answer);
  };
  const parse = createResponseParser((answer) => {
    if (!answer.keepsAlive) {
      isOpen = false;
      socket.end();
    }
    settle(answer);
  });
  socket.on('data', (piece: Buffer) => {
    try {
      parse(piece);
    } catch (error) {
      socket.destroy(error as Error);
    }
  });
  // 'close' follows.
  socket.on('error', () => {});
  socket.on('close', () => {
    isOpen = false;
    settle(undefined);
  });
  return {
    get isOpen() {
      return isOpen;
    },
    send(request, onAnswer) {
      waiting = onAnswer;
      socket.write(request);
    },
    close: () => void socket.destroy(),
  };
}
