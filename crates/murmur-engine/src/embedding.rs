//! Texts to vectors, each text once.
//!
//! Vectors that an endpoint gave cannot be computed again, so a run keeps them in a file of its own (`vectors.bin`), and
//! a resumed or replayed run reads them there: it needs no network for texts that it had before.

use std::collections::hash_map::Entry;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock};

use murmur_core::{Action, AgentId, Draft, heap};
use murmur_journal::Durability;
use murmur_llm::{EmbeddingClient, EmbeddingError, EndpointConfig};
use murmur_recsys::{Embedder, HashedEmbedder};
use murmur_store::Public;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::EngineError;
use crate::config::EmbedderConfig;

/// The vector of a text.
pub(crate) type Vector = Box<[f32]>;

/// Texts to unit vectors, by the embedder of a run.
#[derive(Debug)]
pub struct Embedding {
    maker: Maker,
    dimensions: usize,
    known: Mutex<Known>,
}

/// Who makes vectors.
#[derive(Debug)]
enum Maker {
    /// This process.
    Local(Embedder),
    /// A server, connected to when the first text is not known.
    Endpoint { config: EndpointConfig, client: Box<OnceLock<EmbeddingClient>> },
}

/// Vectors by the hash of their text.
#[derive(Debug, Default)]
struct Known {
    places: FxHashMap<u128, usize>,
    hashes: Vec<u128>,
    vectors: Vec<Vector>,
    file: Option<VectorFile>,
}

/// Texts that are remembered at most where they can be embedded again; then all are forgotten. The same ones are met
/// often, or not at all.
const MOST_REMEMBERED: usize = 1 << 16;

impl Embedding {
    /// Bytes on the heap of the vectors remembered; the table of tokens is not counted.
    pub(crate) fn memory_bytes(&self) -> usize {
        let known = self.known.lock().expect("no embedding has failed");
        let values: usize = known.vectors.iter().map(|vector| size_of_val(&**vector)).sum();
        heap::of_map(&known.places)
            + heap::of_column(&known.hashes)
            + heap::of_column(&known.vectors)
            + values
    }

    /// The embedding that `config` (checked) describes.
    pub(crate) fn new(config: &EmbedderConfig) -> Self {
        let (maker, dimensions) = match config {
            EmbedderConfig::Static(_) => {
                let embedder = Embedder::default();
                let dimensions = embedder.dimensions();
                (Maker::Local(embedder), dimensions)
            }
            EmbedderConfig::Hashed(hashed) => {
                let embedder =
                    HashedEmbedder::new(hashed.dimensions).expect("checked with the configuration");
                (Maker::Local(Embedder::Hashed(embedder)), hashed.dimensions)
            }
            EmbedderConfig::Endpoint(endpoint) => {
                let client = Box::new(OnceLock::new());
                (Maker::Endpoint { config: endpoint.clone(), client }, endpoint.dimensions)
            }
        };
        Self { maker, dimensions, known: Mutex::default() }
    }

    /// Length of a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The vector of `text`.
    ///
    /// # Errors
    /// When an endpoint does not give it.
    pub fn embed(&self, text: &str) -> Result<Vector, EngineError> {
        Ok(self.embed_all(&[text])?.remove(0))
    }

    /// The vectors of `texts`, in their order.
    ///
    /// # Errors
    /// When an endpoint does not give them, or they cannot be kept.
    pub fn embed_all<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<Vec<Vector>, EngineError> {
        let hashes: Vec<u128> =
            texts.par_iter().with_min_len(256).map(|text| xxh3_128(text.as_ref().as_bytes())).collect();
        let mut missing: Vec<&str> = Vec::new();
        let mut missing_places: FxHashMap<u128, usize> = FxHashMap::default();
        {
            let known = self.known();
            for (hash, text) in hashes.iter().zip(texts) {
                if !known.places.contains_key(hash) && !missing_places.contains_key(hash) {
                    missing_places.insert(*hash, missing.len());
                    missing.push(text.as_ref());
                }
            }
        }
        let made = self.make(&missing)?;
        let mut known = self.known();
        let vectors = hashes
            .iter()
            .map(|hash| match known.places.get(hash) {
                Some(&place) => known.vectors[place].clone(),
                None => made[missing_places[hash]].clone(),
            })
            .collect();
        if !self.keeps() && known.vectors.len() + made.len() > MOST_REMEMBERED {
            *known = Known::default();
        }
        let room = if self.keeps() { usize::MAX } else { MOST_REMEMBERED };
        for (text, vector) in missing.into_iter().zip(made).take(room) {
            known.add(xxh3_128(text.as_bytes()), vector);
        }
        known.write_out()?;
        Ok(vectors)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("nobody panics while holding it")
    }

    fn make(&self, texts: &[&str]) -> Result<Vec<Vector>, EmbeddingError> {
        match &self.maker {
            Maker::Local(embedder) => {
                Ok(texts.par_iter().with_min_len(16).map(|text| embedder.embed(text)).collect())
            }
            Maker::Endpoint { .. } if texts.is_empty() => Ok(Vec::new()),
            Maker::Endpoint { config, client } => {
                if client.get().is_none() {
                    // Somebody else's client would do as well.
                    let _ = client.set(EmbeddingClient::new(config.clone())?);
                }
                let _span = tracing::info_span!("models").entered();
                client.get().expect("it has just been set").embed(texts)
            }
        }
    }

    /// Gives the drafts of posts and quotes among `actions` their vectors; comments have none. Profiles that they change
    /// are embedded too, so that an endpoint that fails does so before anything is carried out.
    ///
    /// # Errors
    /// As [`Self::embed_all`].
    pub(crate) fn fill<'a>(
        &self,
        public: &Public,
        actions: impl Iterator<Item = &'a mut Action>,
    ) -> Result<(), EngineError> {
        let _span = tracing::info_span!("embed").entered();
        let mut bios = Vec::new();
        let mut drafts: Vec<&mut Draft> = Vec::new();
        for action in actions {
            match action {
                Action::CreatePost(draft) | Action::QuotePost(_, draft) => drafts.push(draft),
                Action::EditProfile(edit) => bios.extend(edit.bio.clone()),
                _ => {}
            }
        }
        self.embed_all(&bios)?;
        let texts: Vec<_> =
            drafts.par_iter().with_min_len(256).map(|draft| public.render(&draft.text)).collect();
        let vectors = self.embed_all(&texts)?;
        drop(texts);
        for (draft, vector) in drafts.iter_mut().zip(vectors) {
            draft.vector = vector;
        }
        Ok(())
    }

    /// Whether vectors are kept in a file: those of an endpoint are.
    fn keeps(&self) -> bool {
        matches!(self.maker, Maker::Endpoint { .. })
    }

    /// Takes over the vectors that the run in `folder` has kept.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or holds vectors of another length.
    pub(crate) fn read_from(&self, folder: &Path) -> Result<(), EngineError> {
        let path = folder.join(VECTOR_FILE);
        if !self.keeps() || !path.exists() {
            return Ok(());
        }
        let (records, _) = VectorFile::read(&path, self.dimensions)?;
        let mut known = self.known();
        for Record { hash, vector } in records {
            known.add(hash, vector);
        }
        Ok(())
    }

    /// Keeps all vectors, those known and those to come, in the run in `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn keep_in(&self, folder: &Path, durability: Durability) -> Result<(), EngineError> {
        if !self.keeps() {
            return Ok(());
        }
        let mut known = self.known();
        known.file = Some(VectorFile::open(&folder.join(VECTOR_FILE), self.dimensions, durability)?);
        known.write_out()
    }

    /// Brings what was kept to the disk.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn sync(&self) -> Result<(), EngineError> {
        let known = self.known();
        match &known.file {
            Some(kept) => kept.file.sync_data().map_err(|source| kept.failed(source)),
            None => Ok(()),
        }
    }
}

impl Known {
    fn add(&mut self, hash: u128, vector: Vector) {
        if let Entry::Vacant(place) = self.places.entry(hash) {
            place.insert(self.vectors.len());
            self.hashes.push(hash);
            self.vectors.push(vector);
        }
    }

    /// Writes what the file does not hold yet.
    fn write_out(&mut self) -> Result<(), EngineError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut bytes = Vec::new();
        for place in file.records..self.vectors.len() {
            append_record(&mut bytes, self.hashes[place], &self.vectors[place]);
        }
        file.file.write_all(&bytes).map_err(|source| file.failed(source))?;
        file.records = self.vectors.len();
        match file.durability {
            Durability::EachStep => file.file.sync_data().map_err(|source| file.failed(source)),
            Durability::AtSync => Ok(()),
        }
    }
}

/// The file of a run's vectors, in its folder.
const VECTOR_FILE: &str = "vectors.bin";

/// What the file begins with, before the length of its vectors (u32).
const MAGIC: &[u8; 8] = b"MURMURV1";

const HEADER_BYTES: usize = MAGIC.len() + 4;

/// A file of vectors: a header, then records of a text's hash (16 bytes), its vector (f32 each) and a checksum of both
/// (8 bytes), little-endian. A record that a stop tore off is written again.
#[derive(Debug)]
struct VectorFile {
    path: PathBuf,
    file: File,
    /// Records that it holds.
    records: usize,
    durability: Durability,
}

struct Record {
    hash: u128,
    vector: Vector,
}

impl VectorFile {
    /// Opens the file to add to it, after its last whole record; makes it if there is none.
    fn open(path: &Path, dimensions: usize, durability: Durability) -> Result<Self, EngineError> {
        let failed = |source| EngineError::from(murmur_data::DataError::io(path, source));
        let (records, end) = match path.exists() {
            true => Self::read(path, dimensions)?,
            false => (Vec::new(), 0),
        };
        let mut file =
            OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        if end == 0 {
            let mut header = MAGIC.to_vec();
            header.extend((dimensions as u32).to_le_bytes());
            file.set_len(0).and_then(|()| file.write_all(&header)).map_err(failed)?;
        } else {
            file.set_len(end).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        }
        Ok(Self { path: path.to_owned(), file, records: records.len(), durability })
    }

    /// The whole records of a file, and where they end.
    fn read(path: &Path, dimensions: usize) -> Result<(Vec<Record>, u64), EngineError> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(|source| murmur_data::DataError::io(path, source))?;
        if bytes.len() < HEADER_BYTES {
            return Ok((Vec::new(), 0));
        }
        let (header, body) = bytes.split_at(HEADER_BYTES);
        if header[..MAGIC.len()] != *MAGIC || header[MAGIC.len()..] != (dimensions as u32).to_le_bytes() {
            return Err(EngineError::Unfit(format!(
                "{}: expected vectors of {dimensions} dimensions that Murmur kept, found something else; \
                 without the file, the run asks its endpoint again",
                path.display()
            )));
        }
        let records: Vec<Record> =
            body.chunks_exact(record_bytes(dimensions)).map_while(parse_record).collect();
        let end = HEADER_BYTES + records.len() * record_bytes(dimensions);
        Ok((records, end as u64))
    }

    fn failed(&self, source: io::Error) -> EngineError {
        murmur_data::DataError::io(&self.path, source).into()
    }
}

fn record_bytes(dimensions: usize) -> usize {
    16 + 4 * dimensions + 8
}

fn append_record(bytes: &mut Vec<u8>, hash: u128, vector: &[f32]) {
    let start = bytes.len();
    bytes.extend(hash.to_le_bytes());
    bytes.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
    let sum = xxh3_64(&bytes[start..]);
    bytes.extend(sum.to_le_bytes());
}

/// The record that these bytes are; `None` if they are torn.
fn parse_record(bytes: &[u8]) -> Option<Record> {
    let (record, sum) = bytes.split_last_chunk::<8>()?;
    let (hash, values) = record.split_first_chunk::<16>()?;
    let values = values.as_chunks::<4>().0.iter();
    let vector = values.map(|value| f32::from_le_bytes(*value)).collect();
    (xxh3_64(record) == u64::from_le_bytes(*sum)).then(|| Record { hash: u128::from_le_bytes(*hash), vector })
}

/// What profiles say, as vectors: public, while a persona is its agent's own.
#[derive(Debug, Default)]
pub struct ProfileVectors {
    /// At the start; empty where a persona says no more than its profile.
    first: Vec<Vector>,
    changed: FxHashMap<AgentId, Vector>,
}

impl ProfileVectors {
    /// Bytes on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        let vectors = self.first.iter().chain(self.changed.values());
        let values: usize = vectors.map(|vector| size_of_val(&**vector)).sum();
        heap::of_column(&self.first) + heap::of_map(&self.changed) + values
    }

    /// Those of profiles that begin with these vectors, in the order of agents.
    pub(crate) fn new(first: Vec<Vector>) -> Self {
        Self { first, changed: FxHashMap::default() }
    }

    /// The vector of an agent's profile; of one that says what its persona does, `persona`.
    pub(crate) fn of<'a>(&'a self, agent: AgentId, persona: &'a [f32]) -> &'a [f32] {
        let first = || self.first.get(agent.index());
        self.changed.get(&agent).or_else(first).map_or(persona, |vector| vector)
    }

    /// Puts another in its place.
    pub(crate) fn change(&mut self, agent: AgentId, vector: Vector) {
        self.changed.insert(agent, vector);
    }
}
