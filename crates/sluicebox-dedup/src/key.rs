use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

use column::{FieldPath, KeyColumn};

mod column;

/// What makes two records the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySpec {
    /// The values of these columns, taken together; members of structs as `struct.member`.
    Fields(Vec<String>),
    /// The record's key, byte by byte.
    RecordKey,
    /// The value of the last header of this name, byte by byte.
    Header(String),
    /// The record's value, byte by byte.
    Payload,
}

/// Which bytes of a record a key is made of. Equal bytes from different places are different keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyDomain {
    /// The record's key.
    RecordKey,
    /// A header's value.
    Header,
    /// The record's value.
    Payload,
}

/// Why a dedup key cannot be made of the configured fields.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The list is empty.
    #[error("the dedup key names no field: name at least one column")]
    NoFields,
    /// A field stands in the list twice.
    #[error("the dedup key names `{field}` twice: remove one")]
    Repeated {
        /// The field.
        field: String,
    },
    /// No column or member has this name.
    #[error("the dedup key names `{field}`, but there is no `{missing}`; there is: {available}")]
    Unknown {
        /// The field as configured.
        field: String,
        /// The part of it that was not found.
        missing: String,
        /// The names that were there to choose from.
        available: String,
    },
    /// Values of this type have no key encoding.
    #[error(
        "the dedup key names `{field}`, whose type {data_type} cannot be part of a key: name \
         columns or struct members of a simple type"
    )]
    Unsupported {
        /// The field as configured.
        field: String,
        /// Its type.
        data_type: DataType,
    },
    /// A batch is not of the schema that the hasher was made for.
    #[error(
        "`{field}` of the dedup key has another place or type in this batch than in the schema"
    )]
    SchemaChanged {
        /// The field as configured.
        field: String,
    },
}

/// The key of raw bytes: 128 bits of XXH3, seeded with the domain.
///
/// XXH3 is no cryptographic hash. By chance, two of a billion keys in one window collide with a
/// probability below 10⁻²⁰; somebody who sets out to craft a collision can.
#[must_use]
pub fn hash_bytes(domain: KeyDomain, bytes: &[u8]) -> u128 {
    let seed = match domain {
        KeyDomain::RecordKey => 1,
        KeyDomain::Header => 2,
        KeyDomain::Payload => 3,
    };
    xxh3_128_with_seed(bytes, seed)
}

/// Makes keys of column values.
///
/// Each value is encoded with its type and, where its size varies, its length, and the row's
/// encoding is hashed to 128 bits of XXH3. So `("a", "bc")` and `("ab", "c")` differ, and so do `1`
/// and `"1"`. Integers of any width with one value are equal, and so are floats; `-0.0` equals
/// `0.0`, and every NaN equals every other. Decimals are compared with their scale.
#[derive(Debug)]
pub struct KeyHasher {
    fields: Vec<FieldPath>,
    encoded: Vec<u8>,
}

impl KeyHasher {
    /// A hasher for these columns of a schema; members of structs as `struct.member`.
    ///
    /// # Errors
    /// When the list is empty, repeats a field, or names one that the schema lacks or whose type
    /// has no key encoding (structs as a whole, lists, maps).
    pub fn for_fields(schema: &Schema, fields: &[String]) -> Result<Self, KeyError> {
        if fields.is_empty() {
            return Err(KeyError::NoFields);
        }
        if let Some((_, field)) = fields
            .iter()
            .enumerate()
            .find(|(index, field)| fields.iter().take(*index).any(|f| f == *field))
        {
            return Err(KeyError::Repeated {
                field: field.clone(),
            });
        }
        let fields = fields.iter().map(|field| FieldPath::resolve(schema, field));
        Ok(Self {
            fields: fields.collect::<Result<_, _>>()?,
            encoded: Vec::new(),
        })
    }

    /// Puts the key of each row into `keys`, whose content is replaced. A row in which any of the
    /// fields is null (or lies in a struct that is null) has none.
    ///
    /// # Errors
    /// When the batch is not of the schema that the hasher was made for; columns may have been
    /// appended to it. `keys` is empty then.
    pub fn hash_rows(
        &mut self,
        batch: &RecordBatch,
        keys: &mut Vec<Option<u128>>,
    ) -> Result<(), KeyError> {
        keys.clear();
        let columns: Vec<KeyColumn<'_>> = self
            .fields
            .iter()
            .map(|field| field.column(batch))
            .collect::<Result<_, _>>()?;
        let encoded = &mut self.encoded;
        keys.extend((0..batch.num_rows()).map(|row| {
            encoded.clear();
            let complete = columns.iter().all(|column| column.encode(row, encoded));
            complete.then(|| xxh3_128(encoded))
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
