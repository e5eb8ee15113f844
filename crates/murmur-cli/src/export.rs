//! `murmur export`: a run in the forms that other programs read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use murmur_core::Step;
use murmur_engine::{ExportFormat, ExportRequest, Exported, Names, Run};

use crate::failure::{Failure, print};
use crate::run::tell_passed_over;

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// The run's folder; it is left as it is, and the run may be going on.
    run: PathBuf,
    /// The form.
    #[arg(long, value_enum)]
    format: Format,
    /// The new file, or for parquet and csv the new folder; nothing may be there yet.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// Replace user names and names by pseudonyms and leave bios out, also where texts mention users.
    #[arg(long)]
    pseudonymize: bool,
    /// Leave out this step and all after it [default: everything that is committed].
    #[arg(long, value_name = "STEP")]
    at: Option<u32>,
}

/// The forms, in the words of the command line.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A folder of the tables of docs/tables.md, as Parquet files.
    Parquet,
    /// The same tables as CSV files.
    Csv,
    /// A file with OASIS's tables.
    Sqlite,
    /// A file with the follow graph, for networkx or Gephi.
    Graphml,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Parquet => Self::Parquet,
            Format::Csv => Self::Csv,
            Format::Sqlite => Self::Sqlite,
            Format::Graphml => Self::Graphml,
        }
    }
}

pub(crate) fn export(args: &ExportArgs) -> Result<(), Failure> {
    let request = ExportRequest {
        format: args.format.into(),
        out: &args.out,
        names: if args.pseudonymize { Names::Pseudonyms } else { Names::Real },
        at: args.at.map(Step),
    };
    let Exported { steps, passed_over } = Run::open(&args.run)?.export(&request)?;
    tell_passed_over(&passed_over);
    print(&format!("{steps} steps of {} are in {}\n", args.run.display(), args.out.display()))
}
