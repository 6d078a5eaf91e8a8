import { getJson, lastTraces, messageOf, models, post, type Summary } from './api.ts';
import { byId } from './dom.ts';
import { startNicknames } from './nicknames.ts';
import { dimOthers } from './phases-bar.ts';
import { startPolling } from './polling.ts';
import { watchReadiness } from './readiness.ts';
import { startStory } from './story.ts';
import { createSummaryTable } from './summary-table.ts';
import { createTracesTable } from './traces-table.ts';

const pollMs = 2000;
/** So long at most the page waits to know whether there is a story to show: then it appears without. */
const patienceMs = 3000;

const showTraces = createTracesTable();
const showSummary = createSummaryTable();
const note = byId('requests-note');

const records = startPolling(
  async () => {
    try {
      const [traces, summary] = await Promise.all([lastTraces(20), getJson<Summary>('profiling/summary')]);
      showTraces(traces);
      showSummary(summary);
      note.textContent = '';
    } catch (error) {
      note.textContent = messageOf(error);
    }
  },
  () => pollMs,
);

const story = startStory(records.refresh);
startNicknames({ done: records.refresh, named: story.suggest });

byId('clear').addEventListener('click', async () => {
  try {
    await post('profiling/clear');
  } catch (error) {
    note.textContent = messageOf(error);
  }
  records.refresh();
});

const main = byId('main');
for (const card of main.querySelectorAll<HTMLElement>('.card')) dimOthers(card);
const reveal = (): void => {
  main.dataset.state = 'known';
};
setTimeout(reveal, patienceMs);

watchReadiness(async (isReady) => {
  if (isReady) {
    const writer = (await models().catch(() => [])).find((model) => model.kind === 'generative');
    byId('story').hidden = writer === undefined;
    if (writer) story.setModel(writer.id);
  }
  reveal();
});
