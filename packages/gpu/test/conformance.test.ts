import { describeWithParts, startFakeNvml, withoutOwnSettings } from '@inferometer/testkit';
import { type Driver, readingsHold } from './conformance.ts';
import { everything, unset } from './watching.ts';

describeWithParts('what holds for every driver, of a fake one', ['cc'], () => {
  readingsHold(async (): Promise<Driver> => {
    const fake = await startFakeNvml(`
devices 8
${everything.replace(/.*uuid.*/, '').replace(/energy .*/, 'energy 1000+300000/s')}
7 mig 1
`);
    return {
      library: fake.library,
      env: { ...process.env, ...withoutOwnSettings(), ...unset, ...fake.env },
      [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
    };
  });
});
