use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::body::Bytes;
use axum::http::Method;
use axum::response::Response;
use parking_lot::Mutex;

use super::answers::{self, Refusal, empty, etag, written, xml};
use super::request::Request;

/// A part that is not the last one has at least so many bytes.
const PART_BYTES_MIN: usize = 5 * 1024 * 1024;

/// Keys per page, however many are asked for.
const PAGE_KEYS: usize = 1_000;

/// What the server holds.
#[derive(Debug, Default)]
pub(super) struct Buckets(Mutex<Contents>);

#[derive(Debug, Default)]
struct Contents {
    buckets: BTreeMap<String, Bucket>,
    /// The last number that was given to an object, a part or an upload.
    last: u64,
}

#[derive(Debug, Default)]
struct Bucket {
    /// Generation and content of each object.
    objects: BTreeMap<String, (u64, Bytes)>,
    uploads: BTreeMap<String, Upload>,
    /// The answer to everything.
    refusal: Option<Refusal>,
}

#[derive(Debug)]
struct Upload {
    key: String,
    /// Tag and content of each part.
    parts: BTreeMap<usize, (String, Bytes)>,
}

impl Buckets {
    pub(super) fn create(&self, bucket: &str) {
        let mut contents = self.0.lock();
        contents
            .buckets
            .insert(bucket.to_owned(), Bucket::default());
    }

    pub(super) fn refuse_all(&self, bucket: &str, status: u16, code: &'static str) {
        if let Some(bucket) = self.0.lock().buckets.get_mut(bucket) {
            bucket.refusal = Some(Refusal(status, code));
        }
    }

    /// Objects of `bucket/prefix`, by their names below it.
    pub(super) fn objects_below(&self, place: &str) -> Vec<(String, Bytes)> {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let contents = self.0.lock();
        let objects = contents.buckets.get(bucket).map(|bucket| &bucket.objects);
        let below = |(key, (_, bytes)): (&String, &(u64, Bytes))| {
            let name = key.strip_prefix(prefix)?.trim_start_matches('/');
            Some((name.to_owned(), bytes.clone()))
        };
        objects.into_iter().flatten().filter_map(below).collect()
    }

    pub(super) fn answer(&self, request: &Request) -> Result<Response, Refusal> {
        let mut contents = self.0.lock();
        contents.last += 1;
        let number = contents.last;
        let bucket = contents.buckets.get_mut(&request.bucket);
        let bucket = bucket.ok_or(Refusal(404, "NoSuchBucket"))?;
        if let Some(refusal) = bucket.refusal {
            return Err(refusal);
        }
        match (&request.method, request.parameter("uploadId")) {
            (&Method::GET, _) if request.key.is_empty() => bucket.list(request),
            (&Method::GET | &Method::HEAD, None) => bucket.get(request),
            (&Method::PUT, None) => bucket.put(request, number),
            (&Method::DELETE, None) => bucket.delete(request),
            (&Method::POST, None) if request.parameter("uploads").is_some() => {
                Ok(bucket.initiate(request, number))
            }
            (&Method::PUT, Some(upload)) => bucket.put_part(request, upload, number),
            (&Method::POST, Some(upload)) => bucket.complete(request, upload, number),
            (&Method::DELETE, Some(upload)) => bucket.abort(request, upload),
            _ => Err(Refusal(405, "MethodNotAllowed")),
        }
    }
}

impl Bucket {
    /// <https://cloud.google.com/storage/docs/xml-api/get-bucket-list>
    fn list(&self, request: &Request) -> Result<Response, Refusal> {
        if request.parameter("list-type") != Some("2") {
            return Err(Refusal(400, "InvalidArgument"));
        }
        let prefix = request.parameter("prefix").unwrap_or_default();
        let token = request.parameter("continuation-token");
        let after = token
            .or_else(|| request.parameter("start-after"))
            .unwrap_or_default();
        let asked = request
            .parameter("max-keys")
            .and_then(|keys| keys.parse().ok());
        let page = asked.unwrap_or(PAGE_KEYS).min(PAGE_KEYS);
        let listed = |key: &str| key.starts_with(prefix) && key > after;
        let mut keys = self.objects.iter().filter(|(key, _)| listed(key));
        let mut document = "<ListBucketResult>".to_owned();
        let mut last = None;
        for (key, (generation, bytes)) in keys.by_ref().take(page) {
            let (name, tag, size) = (escaped(key), escaped(&etag(*generation)), bytes.len());
            // Writing to a string cannot fail.
            let _always = write!(
                document,
                "<Contents><Key>{name}</Key><Generation>{generation}</Generation>\
                 <LastModified>2019-09-01T01:00:00.000Z</LastModified><ETag>{tag}</ETag>\
                 <Size>{size}</Size></Contents>"
            );
            last = Some(name);
        }
        if let Some(last) = last.filter(|_| keys.next().is_some()) {
            let token = format!("<NextContinuationToken>{last}</NextContinuationToken>");
            document.push_str(&token);
        }
        document.push_str("</ListBucketResult>");
        Ok(xml(&document))
    }

    fn get(&self, request: &Request) -> Result<Response, Refusal> {
        let object = self.objects.get(&request.key);
        let (generation, bytes) = object.ok_or(Refusal(404, "NoSuchKey"))?;
        Ok(answers::object(*generation, bytes, request.range))
    }

    /// <https://cloud.google.com/storage/docs/request-preconditions>
    fn put(&mut self, request: &Request, number: u64) -> Result<Response, Refusal> {
        let held = self
            .objects
            .get(&request.key)
            .map_or(0, |(generation, _)| *generation);
        if request.if_generation.is_some_and(|wanted| wanted != held) {
            return Err(Refusal(412, "PreconditionFailed"));
        }
        let object = (number, request.body.clone());
        self.objects.insert(request.key.clone(), object);
        Ok(written(number))
    }

    fn delete(&mut self, request: &Request) -> Result<Response, Refusal> {
        let removed = self.objects.remove(&request.key);
        removed.map(|_| empty(204)).ok_or(Refusal(404, "NoSuchKey"))
    }

    /// <https://cloud.google.com/storage/docs/xml-api/post-object-multipart>
    fn initiate(&mut self, request: &Request, number: u64) -> Response {
        let id = format!("upload-{number}");
        let upload = Upload {
            key: request.key.clone(),
            parts: BTreeMap::new(),
        };
        self.uploads.insert(id.clone(), upload);
        xml(&format!(
            "<InitiateMultipartUploadResult><UploadId>{id}</UploadId>\
             </InitiateMultipartUploadResult>"
        ))
    }

    /// <https://cloud.google.com/storage/docs/xml-api/put-object-multipart>
    fn put_part(
        &mut self,
        request: &Request,
        upload: &str,
        number: u64,
    ) -> Result<Response, Refusal> {
        let part = request
            .parameter("partNumber")
            .and_then(|part| part.parse().ok());
        let part = part.ok_or(Refusal(400, "InvalidArgument"))?;
        let upload = self.upload(request, upload)?;
        upload
            .parts
            .insert(part, (etag(number), request.body.clone()));
        Ok(written(number))
    }

    /// Overwrites what is there; from then on the upload is not known any more.
    /// <https://cloud.google.com/storage/docs/xml-api/post-object-complete>
    fn complete(
        &mut self,
        request: &Request,
        upload: &str,
        number: u64,
    ) -> Result<Response, Refusal> {
        let body = std::str::from_utf8(&request.body).unwrap_or_default();
        let listed: Vec<_> = body.split("<Part>").skip(1).map(part).collect();
        let held = &self.upload(request, upload)?.parts;
        let mut whole = Vec::new();
        for (index, (number, tag)) in listed.iter().enumerate() {
            let part = held.get(number).filter(|(held, _)| held == tag);
            let (_, bytes) = part.ok_or(Refusal(400, "InvalidPart"))?;
            if bytes.len() < PART_BYTES_MIN && index + 1 < listed.len() {
                return Err(Refusal(400, "EntityTooSmall"));
            }
            whole.extend_from_slice(bytes);
        }
        if listed.is_empty() {
            return Err(Refusal(400, "MalformedCompleteMultipartUploadRequest"));
        }
        self.uploads.remove(upload);
        self.objects
            .insert(request.key.clone(), (number, whole.into()));
        let tag = escaped(&etag(number));
        Ok(xml(&format!(
            "<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>"
        )))
    }

    fn abort(&mut self, request: &Request, upload: &str) -> Result<Response, Refusal> {
        self.upload(request, upload)?;
        self.uploads.remove(upload);
        Ok(empty(204))
    }

    fn upload(&mut self, request: &Request, upload: &str) -> Result<&mut Upload, Refusal> {
        let upload = self.uploads.get_mut(upload);
        upload
            .filter(|upload| upload.key == request.key)
            .ok_or(Refusal(404, "NoSuchUpload"))
    }
}

/// Number and tag of a listed part.
fn part(text: &str) -> (usize, String) {
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once('<')?.0)
    };
    let number = element("PartNumber").and_then(|number| number.parse().ok());
    let tag = element("ETag").unwrap_or_default().replace("&quot;", "\"");
    (number.unwrap_or(0), tag)
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
