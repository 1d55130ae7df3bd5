//! The queries of the job queue.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect,
};

use super::model::pause_secs;
use super::{Counts, Job, NewJob};
use crate::base::Id;
use crate::store::entities::job::{ActiveModel, Column, Entity, Model};
use crate::store::{Conn, StoreError, Tx, dialect};

const WAITING: &str = "waiting";
const RUNNING: &str = "running";
const GIVEN_UP: &str = "given_up";

pub(super) async fn insert(tx: &Tx, job: NewJob) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(tx.new_id::<Job>().to_vec()),
        kind: Set(job.kind.to_owned()),
        payload: Set(job.payload),
        state: Set(WAITING.to_owned()),
        run_at: Set(job.run_at.as_microsecond()),
        attempts: Set(0),
        attempts_max: Set(i64::from(job.attempts_max.max(1))),
        leased_until: Set(None),
        last_error: Set(None),
        created_at: Set(tx.now_micros()),
        finished_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

pub(super) async fn is_pending(conn: &Conn, kind: &str) -> Result<bool, StoreError> {
    is_in(conn, kind, &[WAITING, RUNNING]).await
}

pub(super) async fn is_waiting(conn: &Conn, kind: &str) -> Result<bool, StoreError> {
    is_in(conn, kind, &[WAITING]).await
}

async fn is_in(conn: &Conn, kind: &str, states: &[&str]) -> Result<bool, StoreError> {
    let found = Entity::find()
        .filter(Column::Kind.eq(kind))
        .filter(Column::State.is_in(states.iter().copied()))
        .one(conn)
        .await?;
    Ok(found.is_some())
}

/// Claims the next job that is due, or whose worker's lease has run out.
pub(super) async fn claim(tx: &Tx, lease_secs: i64) -> Result<Option<Job>, StoreError> {
    let now = tx.now_micros();
    let due = Condition::all()
        .add(Column::State.eq(WAITING))
        .add(Column::RunAt.lte(now));
    let lost = Condition::all()
        .add(Column::State.eq(RUNNING))
        .add(Column::LeasedUntil.lt(now));
    let mut query = Entity::find()
        .filter(Condition::any().add(due).add(lost))
        .order_by_asc(Column::RunAt)
        .limit(1);
    dialect::lock_free_rows(tx.backend(), QuerySelect::query(&mut query));
    let Some(mut row) = query.one(&**tx).await? else {
        return Ok(None);
    };
    row.attempts += 1;
    Entity::update_many()
        .col_expr(Column::State, Expr::value(RUNNING))
        .col_expr(Column::Attempts, Expr::value(row.attempts))
        .col_expr(
            Column::LeasedUntil,
            Expr::value(now + lease_secs * 1_000_000),
        )
        .filter(Column::Id.eq(row.id.clone()))
        .exec(&**tx)
        .await?;
    Ok(Some(from_row(row)?))
}

pub(super) async fn finish(
    tx: &Tx,
    job: &Job,
    result: &Result<(), String>,
) -> Result<(), StoreError> {
    let now = tx.now_micros();
    let (state, error, finished) = match result {
        // What went well leaves nothing behind; the audit says that it was done.
        Ok(()) => return remove(tx, job).await,
        Err(why) if job.attempts >= job.attempts_max => (GIVEN_UP, Some(why.clone()), Some(now)),
        Err(why) => (WAITING, Some(why.clone()), None),
    };
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::LastError, Expr::value(error))
        .col_expr(Column::FinishedAt, Expr::value(finished))
        .col_expr(Column::LeasedUntil, Expr::value(Option::<i64>::None))
        .col_expr(
            Column::RunAt,
            Expr::value(now + pause_secs(job.attempts) * 1_000_000),
        )
        .filter(Column::Id.eq(job.id.to_vec()))
        .filter(Column::Attempts.eq(job.attempts))
        .exec(&**tx)
        .await?;
    Ok(())
}

async fn remove(tx: &Tx, job: &Job) -> Result<(), StoreError> {
    Entity::delete_many()
        .filter(Column::Id.eq(job.id.to_vec()))
        .filter(Column::Attempts.eq(job.attempts))
        .exec(&**tx)
        .await?;
    Ok(())
}

pub(super) async fn counts(conn: &Conn) -> Result<Counts, StoreError> {
    let rows = conn
        .fixed(
            "SELECT state, COUNT(*) FROM job GROUP BY state",
            vec![],
            |row| Ok((row.text(0)?, row.i64(1)?)),
        )
        .await?;
    let of = |state: &str| rows.iter().find(|(s, _)| s == state).map_or(0, |(_, n)| *n);
    Ok(Counts {
        waiting: of(WAITING),
        running: of(RUNNING),
        given_up: of(GIVEN_UP),
    })
}

/// When the oldest job was due that still waits.
pub(super) async fn due_since(conn: &Conn, now: i64) -> Result<Option<i64>, StoreError> {
    let oldest = Entity::find()
        .filter(Column::State.eq(WAITING))
        .filter(Column::RunAt.lte(now))
        .order_by_asc(Column::RunAt)
        .one(conn)
        .await?;
    Ok(oldest.map(|row| row.run_at))
}

pub(super) async fn given_up(conn: &Conn) -> Result<Vec<Job>, StoreError> {
    let rows = Entity::find()
        .filter(Column::State.eq(GIVEN_UP))
        .order_by_desc(Column::FinishedAt)
        .limit(100)
        .all(conn)
        .await?;
    rows.into_iter().map(from_row).collect()
}

fn from_row(row: Model) -> Result<Job, StoreError> {
    Ok(Job {
        id: Id::from_slice(&row.id).map_err(|e| StoreError::Value(e.to_string()))?,
        kind: row.kind,
        payload: row.payload,
        attempts: row.attempts,
        attempts_max: row.attempts_max,
        last_error: row.last_error,
    })
}
