use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use sluicebox_config::HumanDuration;

const EXIT_CODES: &str = "\
Exit codes:
    0  ok
    1  a check failed, or the work could not be done
    2  the command line is wrong
   78  the configuration is wrong
  130  interrupted: a pass to the end by SIGINT or SIGTERM, anything by the second one

Output has no colours where NO_COLOR is set or no terminal is.";

/// Kafka topics into a data lake: every record once, without repeats, as Parquet by date.
#[derive(Debug, Parser)]
#[command(name = "sluicebox", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show it all on this machine: a Kafka inside the process, a lake in a folder, real data.
    #[command(after_help = EXIT_CODES)]
    Demo(Demo),
    /// Run the service until SIGTERM or SIGINT; the first drains, the second aborts.
    #[command(after_help = EXIT_CODES)]
    Run(Run),
    /// Check a config file: all mistakes at once, with their places.
    #[command(after_help = EXIT_CODES)]
    Validate(Validate),
    /// Pass some real records through the whole pipeline, and write nothing to the lake.
    #[command(after_help = EXIT_CODES)]
    DryRun(DryRun),
    /// Prove from the lake that every record is in it exactly once.
    ///
    /// Reads the commit chains, each file's footer and the offsets of its rows, and lists the
    /// tables. May run while ingestion runs. What is committed and not published yet is `pending`
    /// and no problem. Memory does not grow with the lake.
    #[command(after_help = EXIT_CODES)]
    Verify(Verify),
    /// Show where a Parquet file comes from and what is inside.
    #[command(after_help = EXIT_CODES)]
    Inspect(Inspect),
    /// Keep the catalog (Hive metastore) up to date with the lake.
    #[command(after_help = EXIT_CODES)]
    Crawler(Crawler),
    /// Print the statements that create or read the tables in an engine.
    #[command(after_help = EXIT_CODES)]
    Ddl(Ddl),
    /// Print the JSON Schema of the config file, for editors, or of the events.
    #[command(after_help = EXIT_CODES)]
    Schema(Schema),
    /// Print a completion script for a shell.
    #[command(after_help = EXIT_CODES)]
    Completions(Completions),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigFile {
    /// The config file.
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub(crate) path: PathBuf,
    /// Replace a setting, such as `kafka.group_id=test`; may be given more than once.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The folder for lake and config. It must be new, empty, or one of an earlier demo.
    #[arg(long, value_name = "FOLDER", default_value = "sluicebox-demo")]
    pub(crate) dir: PathBuf,
    /// Go on producing, slowly, until Ctrl-C.
    #[arg(long)]
    pub(crate) serve: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// Stop when everything that is in the topics now is in the lake.
    #[arg(long)]
    pub(crate) until_end: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// Also ask Kafka for the topics, and prove that the store can hold a lake.
    #[arg(long)]
    pub(crate) connect: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DryRun {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// How many records to read.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
    /// Show the values of rejected records, and names that the schema does not have. They may be
    /// confidential.
    #[arg(long)]
    pub(crate) show_values: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// Only this topic.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: Option<String>,
    /// Also read every file whole, and compare it with its checksum.
    #[arg(long)]
    pub(crate) checksums: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A Parquet file on this machine; with `-c`, its path in the lake.
    pub(crate) file: String,
    /// The config file of the lake that the file lies in.
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Crawler {
    #[command(subcommand)]
    pub(crate) work: CrawlerWork,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CrawlerWork {
    /// Run as a service until SIGTERM or SIGINT: told by events, and looking now and then.
    Run(CrawlerRun),
    /// Look at the lake once, and change the catalog.
    Crawl(Crawl),
    /// Look at the lake once, and print what `crawl` would change. Changes nothing.
    Plan(Crawl),
}

#[derive(Debug, Args)]
pub(crate) struct CrawlerRun {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Crawl {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// Only this table, such as `air.flights`.
    #[arg(long, value_name = "DATABASE.TABLE")]
    pub(crate) table: Option<String>,
    /// Only partitions of the last so much time, such as `48h`; all without it.
    #[arg(long, value_name = "DURATION")]
    pub(crate) since: Option<HumanDuration>,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Ddl {
    /// The engine.
    #[arg(long)]
    pub(crate) engine: DdlEngine,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// Only this table, such as `air.flights`.
    #[arg(long, value_name = "DATABASE.TABLE")]
    pub(crate) table: Option<String>,
    /// The table of this topic only, which may be one that an expression of the config matches.
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DdlEngine {
    Hive,
    Trino,
    Presto,
    Spark,
    Athena,
    Duckdb,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    #[command(subcommand)]
    pub(crate) of: SchemaOf,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum SchemaOf {
    /// The config file.
    Config,
    /// The events that targets are told, in structured mode.
    Events,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Every command explains itself and the exit codes; clap's own checks of the definition pass.
    #[test]
    fn every_help_text_renders() {
        let mut command = CommandLine::command();
        command.clone().debug_assert();
        assert!(command.render_long_help().to_string().contains("78"));
        for command in command.get_subcommands_mut() {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            assert!(help.contains("Exit codes:"), "{name}: {help}");
            assert!(
                command.get_about().is_some(),
                "{name} says nothing about itself"
            );
        }
    }

    /// A wrong command line is clap's exit code 2.
    #[test]
    fn a_wrong_command_line_is_code_2() {
        for wrong in [
            &["run"][..],
            &["nonsense"],
            &["dry-run", "-c", "x", "--limit", "0"],
        ] {
            let line = std::iter::once("sluicebox").chain(wrong.iter().copied());
            let error = CommandLine::try_parse_from(line).expect_err("refused");
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }
}
