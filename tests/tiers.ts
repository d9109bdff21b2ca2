/**
 * Tests of the second tier, as paths from `tests/`: they take long, and rarely fail alone. They are about memory
 * and time, hostile files, every file of the corpus, browsers, guides and examples as a reader follows them, other
 * machines, published networks, and the instruments in `bench/`.
 */
const SECOND_TIER: readonly string[] = [
  "bench/",
  "conformance/",
  "docs/",
  "examples/",
  "false_positives/",
  "fuzz/",
  "notebook/",
  "download_test.ts",
  "readme_test.ts",
  "real_models_test.ts",
  "checkpoint/packed_test.ts",
  "checkpoint/resume_anywhere_test.ts",
  "checkpoint/sample_test.ts",
  "checkpoint/unpacked_copy_test.ts",
  "cli/bombs/",
  "cli/broken_backend_test.ts",
  "cli/devices_test.ts",
  "cli/hostile_names_test.ts",
  "cli/keras_files_test.ts",
  "cli/lost_files_test.ts",
  "cli/one_judgement_test.ts",
  "cli/remote_test.ts",
  "cli/slow_work_test.ts",
  "cli/stalled_import_test.ts",
  "cli/stray_errors_test.ts",
  "cli/sweep_interrupt_test.ts",
  "cli/terminal_test.ts",
  "core/assert/failing_place_test.ts",
  "core/diagnosis/named_faults_test.ts",
  "core/diagnosis/printed_fixes_test.ts",
  "gate/pages/gate_in_browser_test.ts",
  "pages/pages_in_browser_test.ts",
  "pages/weights_in_browser_test.ts",
  "study/github_matrix_test.ts",
  "study/kubernetes_test.ts",
  "study/merge_shards_test.ts",
  "study/slurm_test.ts",
  "torch/large_archives_test.ts",
  "training/monitor/live_page_in_browser_test.ts",
  "training/monitor/odd_trainings_test.ts",
  "training/monitor/published_trainings_test.ts",
];

/** Folder of the tests. */
export const TESTS = new URL("./", import.meta.url);

/** Files and folders of the second tier. */
export const secondTier: readonly URL[] = SECOND_TIER.map((path) => new URL(path, TESTS));

/** Returns true if a test belongs to what a developer runs after each change. */
export const isFirstTier = ({ href }: URL): boolean =>
  !secondTier.some((one) => one.href.endsWith("/") ? href.startsWith(one.href) : href === one.href);
