/**
 * Rules that other tools publish, as far as one pass before training can apply them: re-implemented from
 * their published thresholds, to be held against training beside this project's.
 *
 * @module
 */
import { autotrainer, autotrainerLoose } from "./autotrainer.ts";
import { deepDiagnosis } from "./deep_diagnosis.ts";
import { sageMaker, sageMakerWithWeights } from "./sage_maker.ts";
import { theDeepChecker } from "./the_deep_checker.ts";
import { torchdiag } from "./torchdiag.ts";
import type { PeerView } from "./view.ts";

/** Another tool: which of its rules have something against a network. */
export interface Peer {
  name: string;
  rules: Record<string, (view: PeerView) => boolean>;
}

/** Everyone that is compared with. */
export const PEERS: readonly Peer[] = [
  autotrainer,
  autotrainerLoose,
  sageMaker,
  sageMakerWithWeights,
  deepDiagnosis,
  theDeepChecker,
  torchdiag,
];
