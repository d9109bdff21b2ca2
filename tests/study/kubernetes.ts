import { assert, assertEquals } from "@std/assert";
import { parseAllDocuments } from "yaml";
import { type Ended, isUnderWay, runTask } from "./task.ts";

/** Pod of a job. */
export interface Pod extends Ended {
  index: number;
}

/** End of a job. */
export interface JobEnd {
  condition: "Complete" | "Failed";
  /** Its pods, in the order in which they ended. */
  pods: Pod[];
}

interface Manifest {
  job: {
    completionMode: string;
    completions: number;
    parallelism: number;
    backoffLimitPerIndex: number;
    podFailurePolicy: {
      rules: { action: string; onExitCodes?: { operator: string; values: number[] } }[];
    };
    template: {
      spec: {
        restartPolicy: string;
        containers: { command: string[]; args: string[]; volumeMounts: { mountPath: string }[] }[];
        volumes: { persistentVolumeClaim: { claimName: string } }[];
      };
    };
  };
  claim: { metadata: { name: string } };
}

/** Reads the two documents of a job and its claim. */
export function readManifest(text: string): Manifest {
  const [job, claim] = parseAllDocuments(text).map((document) => {
    assertEquals(document.errors, []);
    return document.toJS();
  });
  assertEquals([job.kind, claim.kind], ["Job", "PersistentVolumeClaim"]);
  return { job: job.spec, claim };
}

/**
 * Stands in for the controller of an Indexed Job: starts its pods as the manifest says, with their index in
 * their environment and a folder in the place of the volume, and follows its policy on failures.
 *
 * @param manifest The job. Its image is this machine; `change` makes its command fit.
 * @param volume The folder that is mounted.
 * @param options `change` rewrites the command, `evicted` are indices whose first pod is evicted under way.
 */
export async function runIndexedJob(
  { job }: Manifest,
  volume: string,
  { change, evicted = [] }: { change: (script: string) => string; evicted?: readonly number[] },
): Promise<JobEnd> {
  assertEquals([job.completionMode, job.template.spec.restartPolicy], ["Indexed", "Never"]);
  const [{ command, args, volumeMounts: [{ mountPath }] }] = job.template.spec.containers;
  const script = change(args[0]).replaceAll(`${mountPath}/`, `${volume}/`);
  const failsJob = (code: number) =>
    job.podFailurePolicy.rules.some(({ action, onExitCodes }) =>
      action === "FailJob" && onExitCodes?.operator === "In" && onExitCodes.values.includes(code)
    );
  const ignoresDisruption = job.podFailurePolicy.rules.some(({ action, onExitCodes }) =>
    action === "Ignore" && onExitCodes === undefined
  );
  const pods: Pod[] = [];
  const left = Array.from({ length: job.completions }, (_, i) => i);
  let isFailed = false;
  const runIndex = async (index: number) => {
    let isEvicted = evicted.includes(index);
    for (let failures = 0; failures <= job.backoffLimitPerIndex && !isFailed;) {
      const end = await runTask([...command, script], {
        cwd: volume,
        env: { JOB_COMPLETION_INDEX: String(index) },
        isDue: () => isEvicted && isUnderWay(`${volume}/${index}.json`),
      });
      pods.push({ ...end, index });
      if (end.code === 0) return;
      isFailed ||= failsJob(end.code);
      if (!isEvicted || !ignoresDisruption) failures++;
      isEvicted = false;
    }
    isFailed = true;
  };
  const work = async () => {
    for (let index = left.shift(); index !== undefined && !isFailed; index = left.shift()) {
      await runIndex(index);
    }
  };
  assert(job.parallelism > 0);
  await Promise.all(Array.from({ length: Math.min(job.parallelism, 2) }, work));
  return { condition: isFailed ? "Failed" : "Complete", pods };
}
