//! The private tables of language models: `calls` (what was asked of them, and what became of it) and `answers` (of
//! surveys), a batch for each shard that has rows.

use murmur_core::AgentId;
use murmur_journal::columns::ColumnReader;
use murmur_llm::RequestHash;
use murmur_prompt::survey::Answer;

use super::private::{batches, by_shard};
use super::{ANSWERS, CALLS, Encoded, Malformed};
use crate::language::survey::AnswerRecord;
use crate::language::{CallPurpose, CallRecord, Verdict};

/// `calls` ascend by agent and number.
pub(super) fn encode_calls(calls: &[CallRecord]) -> impl Iterator<Item = Encoded> {
    batches(CALLS, by_shard(calls.iter(), |call| call.agent), |rows, columns| {
        columns.u32s(&rows.iter().map(|call| call.agent.0).collect::<Vec<_>>());
        columns.u32s(&rows.iter().map(|call| call.number.into()).collect::<Vec<_>>());
        columns.u8s(&rows.iter().map(|call| call.model).collect::<Vec<_>>());
        columns.u8s(&rows.iter().map(|call| call.purpose as u8).collect::<Vec<_>>());
        columns.u8s(&rows.iter().map(|call| call.verdict).collect::<Vec<_>>());
        columns.u32s(&rows.iter().map(|call| call.input).collect::<Vec<_>>());
        columns.u32s(&rows.iter().map(|call| call.output).collect::<Vec<_>>());
        columns.u64s(&rows.iter().map(|call| (call.hash.get() >> 64) as u64).collect::<Vec<_>>());
        columns.u64s(&rows.iter().map(|call| call.hash.get() as u64).collect::<Vec<_>>());
    })
}

pub(super) fn decode_calls(rows: usize, payload: &[u8]) -> Result<Vec<CallRecord>, Malformed> {
    let mut columns = ColumnReader::new(payload);
    let agents = columns.u32s(rows)?;
    let numbers = columns.u32s(rows)?;
    let models = columns.u8s(rows, u8::MAX)?;
    let purposes = columns.u8s(rows, CallPurpose::ALL.len() as u8 - 1)?;
    let verdicts = columns.u8s(rows, Verdict::names().len() as u8 - 1)?;
    let inputs = columns.u32s(rows)?;
    let outputs = columns.u32s(rows)?;
    let high = columns.u64s(rows)?;
    let low = columns.u64s(rows)?;
    columns.finish()?;
    let call = |row: usize| {
        Ok(CallRecord {
            agent: AgentId(agents[row]),
            number: u16::try_from(numbers[row])
                .map_err(|_| Malformed::from("a call's number beyond 65,535"))?,
            model: models[row],
            purpose: CallPurpose::ALL[usize::from(purposes[row])],
            verdict: verdicts[row],
            input: inputs[row],
            output: outputs[row],
            hash: RequestHash::from(u128::from(high[row]) << 64 | u128::from(low[row])),
        })
    };
    (0..rows).map(call).collect()
}

/// Forms of an answer, by their numbers in the journal.
const NO_ANSWER: u8 = 0;
const TEXT: u8 = 1;
const CHOICE: u8 = 2;
const SCALE: u8 = 3;

/// Answers survey by survey, ascending by agent within each.
pub(super) fn encode_answers(answers: &[AnswerRecord]) -> impl Iterator<Item = Encoded> {
    batches(ANSWERS, by_shard(answers.iter(), |answer| answer.agent), |rows, columns| {
        columns.u32s(&rows.iter().map(|row| row.survey.into()).collect::<Vec<_>>());
        columns.u32s(&rows.iter().map(|row| row.agent.0).collect::<Vec<_>>());
        let kind = |row: &&AnswerRecord| match row.answer {
            None => NO_ANSWER,
            Some(Answer::Text(_)) => TEXT,
            Some(Answer::Choice(_)) => CHOICE,
            Some(Answer::Scale(_)) => SCALE,
        };
        columns.u8s(&rows.iter().map(kind).collect::<Vec<_>>());
        let number = |row: &&AnswerRecord| match row.answer {
            Some(Answer::Choice(choice)) => choice as u32,
            Some(Answer::Scale(value)) => value as u32,
            _ => 0,
        };
        columns.u32s(&rows.iter().map(number).collect::<Vec<_>>());
        columns.texts(rows.iter().map(|row| match &row.answer {
            Some(Answer::Text(text)) => &**text,
            _ => "",
        }));
    })
}

pub(super) fn decode_answers(rows: usize, payload: &[u8]) -> Result<Vec<AnswerRecord>, Malformed> {
    let mut columns = ColumnReader::new(payload);
    let surveys = columns.u32s(rows)?;
    let agents = columns.u32s(rows)?;
    let kinds = columns.u8s(rows, SCALE)?;
    let numbers = columns.u32s(rows)?;
    let texts = columns.texts(rows)?;
    columns.finish()?;
    let answer = |row: usize| {
        Ok(AnswerRecord {
            survey: u16::try_from(surveys[row]).map_err(|_| Malformed::from("a survey beyond 65,535"))?,
            agent: AgentId(agents[row]),
            answer: match kinds[row] {
                TEXT => Some(Answer::Text(texts[row].into())),
                CHOICE => Some(Answer::Choice(numbers[row] as usize)),
                SCALE => Some(Answer::Scale(numbers[row] as i32)),
                _ => None,
            },
        })
    };
    (0..rows).map(answer).collect()
}
