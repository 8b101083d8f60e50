// What the rest of the HTTP side has of proof of work.

export { DIFFICULTY, riskFactor, triesFor, type RiskOf } from './difficulty.ts';
export { Rush } from './rush.ts';
export { WaitPasses, type PassState, type WaitPass } from './wait-passes.ts';
export { ChallengeShape, WORK, WorkOffice, type Checked, type SolutionFault } from './work-office.ts';
