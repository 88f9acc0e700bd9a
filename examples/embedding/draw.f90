! Draws four samples of a trained run.
!   draw_fortran RUN
program draw
  use noneq
  implicit none
  type(c_ptr) :: run = c_null_ptr, task = c_null_ptr
  type(noneq_error) :: e
  type(noneq_shape) :: shape
  type(noneq_request) :: four
  real(c_float), allocatable, target :: samples(:)
  character(len=4096) :: folder
  integer :: row, of_row

  if (command_argument_count() /= 1) stop 2
  call get_command_argument(1, folder)
  call need(noneq_open(noneq_interface_version, trim(folder)//c_null_char, 0, run, e))
  call need(noneq_prepare(run, "sample"//c_null_char, "{}"//c_null_char, task, e))
  call need(noneq_result(task, 4_c_int64_t, shape, e))
  allocate (samples(product(shape%length(1:shape%rank))))
  four%count = 4
  call need(noneq_compute(task, four, noneq_float32, c_loc(samples), int(size(samples), c_int64_t), e))
  of_row = size(samples)/4
  do row = 1, 4
    print '(*(es16.8e2))', samples((row - 1)*of_row + 1:row*of_row)
  end do
  call noneq_release(task)
  call noneq_close(run)

contains

  subroutine need(code)
    use, intrinsic :: iso_fortran_env, only: error_unit
    integer(c_int), intent(in) :: code
    integer :: i
    if (code == noneq_done) return
    do i = 1, 1016
      if (e%message(i) == c_null_char) exit
      write (error_unit, '(a)', advance='no') e%message(i)
    end do
    write (error_unit, *)
    call noneq_release(task)
    call noneq_close(run)
    if (code == noneq_bad_input) stop 2
    stop 1
  end subroutine
end program
